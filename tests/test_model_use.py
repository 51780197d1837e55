"""Using a model on pictures: what comes out for what goes in."""

import csv
import json
from functools import partial

import keras
import numpy as np
import pytest
from commands import command
from picture_cases import pattern, write_pictures
from PIL import Image

from kerasae.errors import ArtifactError, DataError, DiskFull, InvalidSetting
from kerasae.experiment import Experiment
from kerasae.inference.model_inputs import ModelInputs
from kerasae.inference.picture_scores import score_pictures
from kerasae.inference.pictures import encode_pictures, reconstruct, reconstruct_pictures
from kerasae.models import network
from kerasae.runs.run import Run


def changed(shape, function=lambda x: x):
    image = keras.Input(shape)
    return keras.Model(image, keras.layers.Lambda(function)(image))


IDENTITY = changed((8, 6))


@pytest.mark.parametrize(
    ("mode", "ending"),
    [
        ("L", "png"), ("RGB", "png"), ("RGBA", "png"), ("LA", "png"), ("1", "png"), ("I;16", "png"),
        ("I;16", "tif"), ("CMYK", "tif"), ("P", "png"), ("L", "bmp"), ("RGB", "jpg"), ("L", "jpg"),
        ("RGBA", "webp"),
    ],
)  # fmt: skip
def test_the_identity_gives_back_pictures_of_every_mode(tmp_path, mode, ending):
    folder = tmp_path / "in [" / "x] ü"
    folder.mkdir(parents=True)
    if mode == "I;16":
        # Multiples of 257 are what 8 bits can hold.
        image = Image.fromarray(pattern(0).astype(np.uint16) * 257)
    else:
        image = Image.fromarray(pattern(0, channels=3)).convert(mode)
    if "A" in mode:
        image.putalpha(Image.fromarray(np.full((8, 6), 255, np.uint8)))
    image.save(folder / f"a b.{ending}")
    model = IDENTITY if mode in ("L", "LA", "1", "I;16") else changed((8, 6, 3))
    (written,) = reconstruct_pictures(model, ModelInputs([tmp_path / "in ["]), tmp_path / "out")
    assert written == tmp_path / "out" / "x] ü" / f"a b.{ending}"
    after, before = Image.open(written), Image.open(folder / f"a b.{ending}")
    assert (after.mode, after.size, after.format) == (before.mode, before.size, before.format)
    tolerance = {"jpg": 40, "png": 60 if mode == "P" else 0}.get(ending, 2)
    pair = [np.asarray(one.convert("RGB") if mode == "P" else one, int) for one in (after, before)]
    assert np.abs(pair[0] - pair[1]).max() <= tolerance


@pytest.mark.parametrize(
    ("mode", "kind", "ending", "expected"),
    [
        ("P", "PNG", "jpg", "RGB"), ("I;16", "PNG", "jpg", "L"), ("CMYK", "JPEG", "png", "RGB"),
        ("LA", "PNG", "bmp", "L"), ("LA", "PNG", "jpeg", "L"), ("RGBA", "PNG", "jpg", "RGB"),
        ("1", "PNG", "jpg", "L"), ("I;16", "PNG", "webp", "RGB"), ("CMYK", "TIFF", "webp", "RGB"),
        ("I;16", "PNG", "bmp", "L"), ("P", "PNG", "tiff", "P"),
    ],
)  # fmt: skip
def test_an_ending_of_another_format_gets_the_nearest_mode(tmp_path, mode, kind, ending, expected):
    image = Image.fromarray(np.full((8, 6, 3), 102, np.uint8))
    if mode == "I;16":
        image = Image.fromarray(np.full((8, 6), 102 * 257, np.uint16))
    image.convert(mode).save(tmp_path / f"a.{ending}", kind)
    (written,) = reconstruct_pictures(IDENTITY, ModelInputs([tmp_path]), tmp_path / "out")
    with Image.open(written) as after:
        assert after.mode == expected
        assert after.format == Image.registered_extensions()[f".{ending}"]
        if mode != "1":  # which is dithered
            assert np.abs(np.asarray(after.convert("L"), int) - 102).max() <= 3


@pytest.mark.parametrize("kind", [np.int64, np.uint16, bool])
def test_images_whose_range_is_not_known_are_refused(kind):
    with pytest.raises(InvalidSetting, match=f"{np.dtype(kind).name}'; expected uint8, or floats"):
        reconstruct(IDENTITY, np.ones((2, 8, 6), kind))


def test_bytes_and_floats_of_the_same_images_give_the_same():
    pixels = np.arange(96, dtype=np.uint8).reshape(2, 8, 6)
    for images in (pixels, pixels / np.float32(255), pixels / 255):
        np.testing.assert_allclose(reconstruct(IDENTITY, images), pixels / 255, rtol=1e-6)


def test_pictures_of_another_size_keep_it(tmp_path):
    Image.new("RGB", (50, 31), (10, 200, 30)).save(tmp_path / "a.png")
    (written,) = reconstruct_pictures(
        changed((8, 6, 3)), ModelInputs([tmp_path / "a.png"]), tmp_path / "out"
    )
    pixels = np.asarray(Image.open(written))
    assert pixels.shape == (31, 50, 3)
    assert np.unique(pixels.reshape(-1, 3), axis=0).tolist() == [[10, 200, 30]]


def test_nothing_is_left_when_a_picture_is_damaged(tmp_path):
    paths = write_pictures(tmp_path / "in", 70)
    paths[69].write_bytes(paths[69].read_bytes()[:-30])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match=r"069\.png"):
        reconstruct_pictures(IDENTITY, ModelInputs([tmp_path / "in"]), tmp_path / "out")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("cut", [40, 30])  # before it is decoded, and while it is
def test_a_damaged_picture_can_be_left_out(tmp_path, cut):
    paths = write_pictures(tmp_path / "in", 3)
    paths[1].write_bytes(paths[1].read_bytes()[:-cut])
    inputs = ModelInputs([tmp_path / "in"], skip_bad=True)
    written = reconstruct_pictures(IDENTITY, inputs, tmp_path / "out")
    assert [path.name for path in written] == ["000.png", "002.png"]
    assert len(inputs.skipped) == 1
    assert "001.png" in inputs.skipped[0]
    assert len(score_pictures(IDENTITY, ModelInputs([tmp_path / "in"], skip_bad=True))) == 2


def test_nothing_is_left_where_no_picture_can_be_read(tmp_path):
    (path,) = write_pictures(tmp_path / "in", 1)
    path.write_bytes(path.read_bytes()[:-30])

    def reconstruct():
        inputs = ModelInputs([tmp_path / "in"], skip_bad=True)
        reconstruct_pictures(IDENTITY, inputs, tmp_path / "out")

    with pytest.raises(DataError, match="none of the 1 pictures"):
        reconstruct()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["u1", "f4"])
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_files_of_arrays_go_in_and_come_out_in_their_shape(tmp_path, kind, channels):
    images = np.stack([pattern(number, 16, 12, channels) for number in range(70)])
    np.save(tmp_path / "a.npy", images if kind == "u1" else (images / 255).astype(kind))
    model = changed((16, 12, 3) if channels == 3 else (16, 12))
    write_pictures(tmp_path / "more", 1, height=16, width=12)
    inputs = ModelInputs([tmp_path / "a.npy", tmp_path / "more"])
    written = reconstruct_pictures(model, inputs, tmp_path / "out")
    assert [path.name for path in written] == ["a.npy", "000.png"]
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "a.npy"), images)
    names = [one.name for one in score_pictures(model, inputs)]
    assert sorted(names) == sorted(
        [f"{tmp_path}/a.npy[{row}]" for row in range(70)] + [f"{tmp_path}/more/000.png"]
    )


@pytest.mark.parametrize("kind", ["arrays", "pictures", "maps"])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, full_disk, kind):
    np.save(tmp_path / "a.npy", np.zeros((70, 8, 6), np.uint8))
    write_pictures(tmp_path / "in", 1)
    inputs = ModelInputs([tmp_path / ("a.npy" if kind == "arrays" else "in")])
    use = partial(score_pictures, maps=tmp_path / "out")
    if kind != "maps":
        use = partial(reconstruct_pictures, out=tmp_path / "out")
    full_disk(60)
    with pytest.raises(DiskFull, match="out: there is no room"):
        use(IDENTITY, inputs)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy", "in"]


def test_nothing_is_overwritten(tmp_path):
    write_pictures(tmp_path / "in", 2)
    before = {path: path.read_bytes() for path in (tmp_path / "in").iterdir()}
    for out in (tmp_path / "in", tmp_path / "in" / "000.png"):
        with pytest.raises(ArtifactError, match="is there already"):
            reconstruct_pictures(IDENTITY, ModelInputs([tmp_path / "in"]), out)
    assert {path: path.read_bytes() for path in (tmp_path / "in").iterdir()} == before


def test_a_name_that_is_too_long_is_no_file(tmp_path):
    with pytest.raises(DataError, match="no such file or folder"):
        ModelInputs([tmp_path / ("x" * 300 + ".png")])


def test_two_pictures_of_one_name_are_refused(tmp_path):
    for name in ("a", "b"):
        write_pictures(tmp_path / name, 1)
    with pytest.raises(DataError, match=r"both are called 000\.png"):
        ModelInputs([tmp_path / "a", tmp_path / "b" / "000.png"])
    assert len(ModelInputs([tmp_path]).images) == 2


def test_the_largest_error_comes_first_and_the_map_shows_where_it_is(tmp_path):
    for number, value in enumerate((0, 51, 255)):
        image = np.zeros((8, 6), np.uint8)
        image[2, 3] = value
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    black = changed((8, 6), lambda x: x * 0)
    scores = score_pictures(black, ModelInputs([tmp_path]), 0.01, tmp_path / "maps")
    assert [round(one.mse, 8) for one in scores] == [round(v / 48, 8) for v in (1.0, 0.04, 0.0)]
    assert [one.anomaly for one in scores] == [True, False, False]
    assert [path.name for path in sorted((tmp_path / "maps").iterdir())] == [
        "0.png", "1.png", "2.png",
    ]  # fmt: skip
    # All on one scale, of the 99.9th percentile of each batch's pixels; the rest is as it was.
    for number, value in enumerate((0, 51, 255)):
        shown = np.asarray(Image.open(tmp_path / "maps" / f"{number}.png"))
        assert shown.shape == (8, 6, 3)
        red = shown[2, 3].astype(int)
        assert (red[0] - red[1] > 20) == (value > 0)
        assert shown.sum() == red.sum()


def test_maps_of_pictures_of_one_stem_have_names_of_their_own(tmp_path):
    (tmp_path / "in").mkdir()
    for shade, name in enumerate(("a.bmp", "a.jpg", "a.png", "b.bmp")):
        Image.new("L", (6, 8), 40 * shade).save(tmp_path / "in" / name)
    score_pictures(IDENTITY, ModelInputs([tmp_path / "in"]), maps=tmp_path / "maps")
    names = sorted(path.name for path in (tmp_path / "maps").iterdir())
    assert names == ["a.bmp.png", "a.jpg.png", "a.png", "b.png"]
    # Of a model that changes nothing, the map is the picture in grey.
    assert np.asarray(Image.open(tmp_path / "maps" / "a.png"))[0, 0].tolist() == [80] * 3


def test_a_model_without_a_bottleneck_has_no_codes(tmp_path):
    write_pictures(tmp_path, 1)
    with pytest.raises(InvalidSetting, match="bottleneck; name the layer"):
        encode_pictures(IDENTITY, ModelInputs([tmp_path]))


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("used")
    write_pictures(root / "pictures", 12)
    settings = Experiment(str(root / "pictures"), (5,), 2, shortcut=None)
    model = network(settings, (8, 6))
    Run.of(experiment=settings, model=model, history=[{"loss": 1.0}], metrics={}).save(root / "run")
    return root, model


def encode(root, name):
    done = command("encode", root / "run", root / "pictures", "--out", root / name)
    assert done.code == 0, done.stderr
    return root / name


def test_apply_says_how_many_images_it_saved_and_not_how_many_files(run_folder, tmp_path):
    root, _ = run_folder
    np.save(tmp_path / "many.npy", np.zeros((1200, 8, 6), np.uint8))
    for name, said in (("many.npy", "Saved 1,200 images"), ("one", "Saved 1 image in")):
        if name == "one":
            write_pictures(tmp_path / name, 1)
        done = command("apply", root / "run", tmp_path / name, "--out", tmp_path / f"{name}-out")
        assert done.stdout.startswith(said), done.stderr


def test_each_method_of_the_latent_plane_has_files_of_its_own(run_folder, tmp_path):
    root, _ = run_folder
    images = tmp_path / "images.npy"
    np.save(images, np.stack([pattern(number) for number in range(60)]))
    for method, stem in (("pca", "latent"), ("tsne", "latent-tsne")):
        words = ("--dataset", images, "--method", method, "--out", tmp_path / "out")
        done = command("latent", root / "run", *words)
        assert done.code == 0, done.stderr
        assert (tmp_path / "out" / f"{stem}.png").is_file()
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["latent-tsne.png", "latent-tsne.svg", "latent.png", "latent.svg"]


def test_encode_writes_the_same_codes_in_every_format(run_folder):
    root, model = run_folder
    images = np.stack([pattern(number) for number in range(12)]) / np.float32(255)
    expected = model.get_layer("encoder").predict(images, verbose=0)
    codes = np.load(encode(root, "codes.npy"))
    np.testing.assert_allclose(codes, expected, rtol=1e-4, atol=1e-6)
    with encode(root, "codes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[3]["image"] == str(root / "pictures" / "003.png")
    written = [[float(row["code_0"]), float(row["code_1"])] for row in rows]
    np.testing.assert_array_equal(np.float32(written), codes)
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(encode(root, "codes.parquet")).to_pydict()
    np.testing.assert_array_equal(np.float32(table["code_1"]), codes[:, 1])


def test_score_prints_json_alone(run_folder):
    root, _ = run_folder
    pictures = root / "pictures"
    refused = command("score", root / "run", pictures)
    assert refused.code == 2
    assert "run: has no detector; " in refused.stderr
    words = ("--dataset", pictures, "--false-alarms", 0.5, "--json")
    done = command("score", root / "run", pictures, *words)
    assert done.code == 0, done.stderr
    printed = json.loads(done.stdout)
    errors = [one["mse"] for one in printed["images"]]
    assert errors == sorted(errors, reverse=True)
    above = [error > printed["threshold"] for error in errors]
    assert [one["anomaly"] for one in printed["images"]] == above


def test_the_names_of_pictures_cannot_steer_the_table(run_folder, tmp_path):
    root, _ = run_folder
    write_pictures(tmp_path / "p", 1)[0].rename(tmp_path / "p" / "x[red]\x1b[2J.png")
    done = command("score", root / "run" / "model.keras", tmp_path / "p")
    assert done.code == 0, done.stderr
    assert "[red]\\x1b[2J.png" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["apply", "run", "nowhere", "--out", "x"], "no such file"),
        (["apply", "pictures", "pictures", "--out", "x"], r"experiment\.json"),
        (["apply", "run", "run/model.keras", "--out", "x"], "is no PNG"),
        (["apply", "run", "pictures", "--out", "pictures"], "is there already"),
        (["encode", "run", "pictures", "--out", "codes.txt"], "ends in"),
        (["score", "run", "pictures", "--dataset", "mnist5k"], "the shape of"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(run_folder, words, reason):
    root, _ = run_folder
    before = sorted(root.rglob("*"))
    paths = [root / word if (root / word).exists() or word == "x" else word for word in words]
    done = command(*paths)
    assert done.code == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert reason.replace("\\", "") in done.stderr
    assert sorted(root.rglob("*")) == before
