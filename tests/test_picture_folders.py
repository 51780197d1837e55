"""What folders of pictures are understood to be: parts, classes, masks, copies, depths."""

import dataclasses
import json
import struct
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from commands import command
from picture_cases import pattern, write_pictures
from PIL import Image

import kerasae
from kerasae.data import decoded_cache
from kerasae.data.datasets import load_dataset
from kerasae.data.image_data import validation_rows
from kerasae.data.near_copies import near_copies
from kerasae.errors import ArtifactError, DataError
from kerasae.inference.exported import open_exported
from kerasae.runs.run import Run
from kerasae.runs.run_data import run_data


def save(folder, numbers, ending="png"):
    """Saves a picture for each number, no two of which are the same."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        Image.fromarray(pattern(number)).save(folder / f"{number:03}.{ending}")


def names(files):
    return sorted(file.name for file in files)


def test_folders_called_as_parts_are_parts(tmp_path):
    save(tmp_path / "train" / "cat", range(6))
    save(tmp_path / "train" / "dog", range(6, 10))
    save(tmp_path / "val" / "cat", range(10, 12))
    save(tmp_path / "test" / "dog", range(12, 15))
    save(tmp_path, [99])
    data = load_dataset(tmp_path)
    assert (len(data.train), len(data.validation), len(data.test)) == (10, 2, 3)
    assert data.class_names == ("cat", "dog")
    assert (data.train_labels.tolist(), data.test_labels.tolist()) == ([0] * 6 + [1] * 4, [1] * 3)
    assert names(data.validation_files) == ["val/cat/010.png", "val/cat/011.png"]
    assert data.counts(0.5) == "15 images of 8 x 6, 2 classes; train 10, validation 2, test 3"
    assert data.notes == ("1 picture outside of train, validation and test, such as 099.png",)
    np.testing.assert_array_equal(data.test[0], pattern(12))


@pytest.mark.parametrize(
    ("folders", "counts"),
    [
        # Keras' and Kaggle's habits; without test images, a tenth of those to train on is.
        (("train/a", "validation/a"), (9, 10, 1)),
        (("training_set/a", "test_set/a"), (10, 0, 10)),
        (("Dataset/Train/a", "Dataset/Test/a"), (10, 0, 10)),
        # Classes, whatever they are called.
        (("test", "control"), (18, 0, 2)),
        (("a/train", "b/test"), (18, 0, 2)),
    ],
)
def test_parts_are_told_from_classes(tmp_path, folders, counts):
    for place, folder in enumerate(folders):
        save(tmp_path / folder, range(10 * place, 10 * place + 10))
    data = load_dataset(tmp_path)
    validation = 0 if data.validation is None else len(data.validation)
    assert (len(data.train), validation, len(data.test)) == counts


def test_masks_are_no_images(tmp_path):
    # As MVTec AD has them.
    save(tmp_path / "train" / "good", range(8))
    save(tmp_path / "test" / "good", range(8, 10))
    save(tmp_path / "test" / "broken", range(10, 13))
    save(tmp_path / "ground_truth" / "broken", range(20, 23))
    data = load_dataset(tmp_path)
    assert (len(data.train), len(data.test)) == (8, 5)
    assert data.class_names == ("broken", "good")
    assert data.skipped == (f"{tmp_path}: 3 masks, such as ground_truth/broken/020.png",)
    beside = tmp_path / "other"
    save(beside / "images", range(10))
    save(beside / "masks", range(30, 40))
    write_pictures(beside / "benign", 3)
    (beside / "benign" / "001.png").rename(beside / "benign" / "000_mask.png")
    data = load_dataset(beside)
    assert len(data.train) + len(data.test) == 12
    assert data.class_names == ("benign", "images")
    # Without images beside them, they may be people who wear some.
    save(tmp_path / "faces" / "mask", range(10))
    save(tmp_path / "faces" / "none", range(10, 20))
    assert load_dataset(tmp_path / "faces").class_names == ("mask", "none")


def test_what_is_not_used_is_counted_by_kind(tmp_path):
    save(tmp_path, range(10))
    save(tmp_path / "more", range(10, 30), "gif")
    for name in ("a.heic", "b.heic", "README", ".DS_Store", "c.svg"):
        (tmp_path / name).write_text(name)
    data = load_dataset(tmp_path)
    assert len(data.train) + len(data.test) == 30
    assert data.skipped == tuple(
        f"{tmp_path}: {line}"
        for line in (
            "2 .heic files, such as a.heic",
            "1 file without an ending, such as README",
            "1 .svg file, such as c.svg",
        )
    )


def test_the_first_frame_of_a_gif_is_taken(tmp_path):
    for number in range(2):
        frames = [Image.new("L", (6, 8), value) for value in (50 + number, 255)]
        frames[0].save(tmp_path / f"{number}.gif", save_all=True, append_images=frames[1:])
    data = load_dataset(tmp_path)
    assert data.train.shape == (1, 8, 6)
    assert {int(data.train.max()), int(data.test.max())} == {50, 51}


def test_copies_of_a_picture_are_in_one_part(tmp_path):
    # 40 pictures, ten of which are there three times.
    save(tmp_path / "a", range(40))
    for name in ("b", "c"):
        save(tmp_path / name, range(10))
    data = load_dataset(tmp_path)
    assert len(data.train) + len(data.test) == 60
    assert data.notes[0].startswith("20 pictures with the same bytes as another")
    parts = data.parts(0.2)
    train, held_out = (
        {data.train_files[row].md5 for row in one.rows} for one in (parts.train, parts.validation)
    )
    test = {file.md5 for file in data.test_files}
    assert not train & held_out
    assert not (train | held_out) & test
    assert held_out
    assert len(data.test) >= 6
    # The workers of a sweep have the arrays alone.
    alone = dataclasses.replace(data, train_files=(), test_files=())
    assert alone.parts(0.2).train.rows.tolist() == parts.train.rows.tolist()


def test_a_split_without_copies_is_what_it_was():
    for count in (2, 9, 100):
        with_numbers = validation_rows(count, 0.1, np.arange(count))
        for one, other in zip(validation_rows(count, 0.1), with_numbers, strict=True):
            assert one.tolist() == other.tolist()


def test_a_copy_of_a_test_image_is_not_trained_on(tmp_path):
    save(tmp_path / "train", range(10))
    save(tmp_path / "val", range(9, 12))
    save(tmp_path / "test", range(8, 10))
    data = load_dataset(tmp_path)
    assert names(data.train_files) == [f"train/{number:03}.png" for number in range(8)]
    assert names(data.validation_files) == ["val/010.png", "val/011.png"]
    assert len(data.test) == 2
    assert len(data.notes) == 2
    assert data.notes[1].startswith("2 pictures in train, left out: the same bytes are in another")


def test_one_picture_many_times_is_refused(tmp_path):
    for number in range(9):
        Image.new("L", (4, 4)).save(tmp_path / f"{number}.png")
    with pytest.raises(DataError, match="one image 9 times"):
        load_dataset(tmp_path)


def test_near_copies_are_counted(tmp_path):
    random = np.random.RandomState(0)
    images = random.randint(0, 256, (20, 33, 40, 3)).astype(np.uint8)
    near = np.clip(images[:3].astype(int) + random.randint(-3, 4, images[:3].shape), 0, 255)
    assert near_copies(images, near.astype(np.uint8)) == 3
    assert near_copies(images[3:], near.astype(np.uint8)) == 0
    assert near_copies(images[:0], images) == 0


def deep_pictures(folder, most, count=20):
    """Saves 16-bit pictures of which the brightest pixel has a given value; returns the values."""
    folder.mkdir()
    random = np.random.RandomState(0)
    values = random.randint(0, most + 1, (count, 9, 7)).astype(np.uint16)
    values[:, 0, 0] = most
    for number, pixels in enumerate(values):
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    return values


@pytest.mark.parametrize(("most", "white"), [(4000, 4095), (900, 1023), (60_000, 65_535)])
def test_deep_pictures_are_scaled_by_the_bits_of_the_data_set(tmp_path, most, white):
    values = deep_pictures(tmp_path / "deep", most)
    data = load_dataset(tmp_path / "deep")
    assert data.white == white
    for images, files in ((data.train, data.train_files), (data.test, data.test_files)):
        rows = [int(file.name[:3]) for file in files]
        expected = np.rint(values[rows] / np.float32(white) * 255)
        np.testing.assert_array_equal(images, expected)


def test_a_run_scales_other_pictures_as_its_own(tmp_path):
    deep_pictures(tmp_path / "deep", 4095)
    run = kerasae.fit(
        str(tmp_path / "deep"), folder=tmp_path / "run", hidden_dims=(4,), latent_dim=2,
        epochs=1, verbose=0,
    )  # fmt: skip
    assert Run(tmp_path / "run").record.white == 4095
    # A dark picture, which alone would seem to have 8 bits.
    Image.fromarray(np.full((9, 7), 200, np.uint16)).save(tmp_path / "dark.png")
    done = command("score", tmp_path / "run", tmp_path / "dark.png", "--json")
    (scored,) = json.loads(done.stdout)["images"]
    image = np.rint(np.full((1, 9, 7), 200 / 4095) * 255) / 255
    expected = np.mean((run.model(image.astype(np.float32)).numpy() - image) ** 2)
    assert scored["mse"] == pytest.approx(expected, rel=1e-4)
    done = command("apply", tmp_path / "run", tmp_path / "dark.png", "--out", tmp_path / "out")
    assert done.code == 0, done.stderr
    with Image.open(tmp_path / "out" / "dark.png") as image:
        assert image.mode == "I;16"
        assert np.asarray(image).max() <= 4095


def png_of_16_bits(values):
    """Writes a colour PNG of 16 bits a channel, which Pillow cannot."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def test_colours_of_16_bits_are_not_cut_to_a_few_levels(tmp_path):
    random = np.random.RandomState(0)
    for bits in (12, 16):
        (tmp_path / f"{bits}").mkdir()
        for number in range(10):
            values = random.randint(0, 1 << bits, (6, 5, 3))
            (tmp_path / f"{bits}" / f"{number}.png").write_bytes(png_of_16_bits(values))
    assert load_dataset(tmp_path / "16").train.max() > 250
    with pytest.raises(DataError, match="no training image is above 15 of 255; expected files "):
        load_dataset(tmp_path / "12")
    with pytest.raises(DataError, match="no training image is above 1"):
        load_dataset(tmp_path / "12", grayscale=True)


def test_an_exported_model_takes_the_numbers_of_the_files(tmp_path):
    """And so says of each picture what `score` and `apply` say of its file."""
    values = deep_pictures(tmp_path / "deep", 4095)
    kerasae.fit(
        str(tmp_path / "deep"), folder=tmp_path / "run", hidden_dims=(4,), latent_dim=2, epochs=1,
        verbose=0,
    )  # fmt: skip
    words = ["--with", "score", "--format", "saved_model", "--out", tmp_path / "out"]
    done = command("export", tmp_path / "run", *words)
    assert "Its images are numbers from 0 to 4095" in " ".join(done.stdout.split())
    exported = open_exported(tmp_path / "out", "saved_model")
    made = exported({"images": values, "threshold": 0})
    done = command("score", tmp_path / "run", tmp_path / "deep", "--json")
    known = {Path(one["name"]).name: one["mse"] for one in json.loads(done.stdout)["images"]}
    expected = [known[f"{number:03}.png"] for number in range(len(values))]
    np.testing.assert_allclose(made["score"], expected, rtol=1e-5)
    command("apply", tmp_path / "run", tmp_path / "deep", "--out", tmp_path / "applied")
    applied = np.stack([
        np.asarray(Image.open(tmp_path / "applied" / f"{number:03}.png"))
        for number in range(len(values))
    ])  # fmt: skip
    # `apply` saves levels of 8 bits.
    np.testing.assert_allclose(made["reconstruction"].clip(0, 4095), applied, atol=4095 / 255)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """100 pictures and a fit of them; the pictures are moved away after it."""
    there = tmp_path_factory.mktemp("fitted")
    save(there / "pictures", range(100))
    kerasae.fit(
        str(there / "pictures"), folder=there / "run", hidden_dims=(4,), latent_dim=2, epochs=1,
        verbose=0,
    )  # fmt: skip
    return there


@pytest.fixture
def copied(fitted, tmp_path):
    """A copy of the pictures, and the images that the run was trained on."""
    before = load_dataset(fitted / "pictures")
    folder = tmp_path / "pictures"
    save(folder, range(100))
    return folder, before, Run(fitted / "run")


def test_a_run_lists_its_pictures(fitted):
    listed = Run(fitted / "run").pictures
    assert Counter(one.part for one in listed) == {"train": 81, "held-out": 9, "test": 10}
    assert len({one.md5 for one in listed}) == 100
    text = (fitted / "run" / "pictures.csv").read_text()
    assert text.startswith("part,md5,name\n") or text.startswith("part,md5,name\r\n")


def test_a_run_scores_the_same_pictures_whatever_was_added(copied):
    folder, before, run = copied
    save(folder / "new", range(200, 207))
    (folder / "000.png").rename(folder / "zzz.png")
    data = run_data(run, given={"dataset": str(folder)})
    assert data.checksums() == before.checksums()
    assert data.notes == ("7 pictures new since the training, left out, such as new/200.png",)
    for part, other in zip(data.parts(0.1), before.parts(0.1), strict=True):
        np.testing.assert_array_equal(part.taken(), other.taken())
    # Without the list, the split is another.
    assert load_dataset(folder).checksums() != before.checksums()


def test_pictures_that_were_not_asked_for_are_not_new(copied, tmp_path):
    folder, before, _ = copied
    settings = {"hidden_dims": (4,), "latent_dim": 2, "train_images": 40, "verbose": 0}
    kerasae.fit(str(folder), folder=tmp_path / "run", epochs=1, **settings)
    run = Run(tmp_path / "run")
    parts = {"train": 36, "held-out": 4, "test": 10, "unused": 50}
    assert Counter(one.part for one in run.pictures) == parts
    data = run_data(run)
    assert data.notes == ()
    chosen = before.with_train_images(40)
    np.testing.assert_array_equal(data.train, chosen.train)
    # One more epoch leaves the list as it was.
    kerasae.fit(str(folder), folder=tmp_path / "run", epochs=2, **settings)
    assert Run(tmp_path / "run").pictures == run.pictures
    (folder / chosen.train_files[0].name).unlink()
    assert len(run_data(run).parts(0.1).train) in (35, 36)


def test_what_is_gone_or_changed_takes_no_part_and_the_rest_stays_in_its_own(copied):
    folder, before, run = copied
    Image.fromarray(pattern(300)).save(folder / "001.png")
    gone = before.test_files[0].name
    (folder / gone).unlink()
    data = run_data(run, given={"dataset": str(folder)})
    part = {one.name: one.part for one in run.pictures}
    assert all(part[file.name] == "test" for file in data.test_files)
    assert all(part[file.name] == "train" for file in data.train_files)
    assert all(part[file.name] == "held-out" for file in data.validation_files)
    total = len(data.train_files) + len(data.validation_files) + len(data.test_files)
    assert total == 98 - (gone == "001.png")
    assert data.notes == (
        "1 picture changed since the training, left out, such as 001.png",
        f"1 picture gone since the training, such as {gone}",
    )


@pytest.mark.slow
def test_evaluate_says_the_same_after_a_picture_was_added(fitted):
    before = command("evaluate", fitted / "run", "--json")
    save(fitted / "pictures", [500])
    after = command("evaluate", fitted / "run", "--json")
    (fitted / "pictures" / "500.png").unlink()
    assert json.loads(after.stdout) == json.loads(before.stdout)
    assert "kerasae: 1 picture new since the training, left out, such as 500.png" in after.stderr
    assert "100 images of 8 x 6; train 81, validation 9, test 10" in after.stderr


def test_other_images_are_no_pictures_of_the_run(copied, tmp_path):
    _, _, run = copied
    save(tmp_path / "others", range(400, 420))
    data = run_data(run, given={"dataset": str(tmp_path / "others")})
    assert len(data.train) + len(data.test) == 20


def test_a_damaged_list_is_refused_in_a_line(copied, tmp_path, fitted):
    place = tmp_path / "run"
    place.mkdir()
    for content in ("", "a,b\n", "part,md5,name\nnone,0,a.png\n", 'part,md5,name\ntrain,0,"'):
        (place / "pictures.csv").write_text(content)
        with pytest.raises(ArtifactError, match=r"pictures\.csv: .*list of pictures"):
            Run(place).pictures


def test_many_pictures_are_kept_decoded_and_can_be_cleared(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASAE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "p").mkdir()
    random = np.random.RandomState(0)
    images = random.randint(0, 256, (1000, 3, 4)).astype(np.uint8)
    for number, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / "p" / f"{number:04}.png")
    data = load_dataset(tmp_path / "p")
    looks, kept = sorted(decoded_cache.kept_sets(), key=lambda one: one.pictures)
    assert (looks.pictures, kept.pictures) == (0, 1000)
    rows = [int(file.name[:4]) for file in data.train_files]
    np.testing.assert_array_equal(data.train, images[rows])
    # What is kept is what is read the next time.
    array = np.load(kept.path, mmap_mode="r+")
    array[0] = 255 - array[0]
    array.flush()
    again = load_dataset(tmp_path / "p")
    assert (again.train[0] == 255 - images[rows[0]]).all()
    # Other sizes are other pixels; a file that is cut off is made anew.
    assert load_dataset(tmp_path / "p", image_size=(2, 2)).train.shape[1:] == (2, 2)
    assert len(decoded_cache.kept_sets()) == 3
    kept.path.write_bytes(kept.path.read_bytes()[:-1])
    np.testing.assert_array_equal(load_dataset(tmp_path / "p").train, images[rows])
    shown = json.loads(command("cache", "--json").stdout)
    assert sorted(one["pictures"] for one in shown["sets"]) == [0, 1000, 1000]
    assert command("cache", "--clear").code == 0
    assert decoded_cache.kept_sets() == []


def test_the_cache_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASAE_CACHE", str(tmp_path))
    monkeypatch.setattr(decoded_cache, "_MOST_BYTES", 2500)

    def keep(number):
        sums = [f"{number}-{row}" for row in range(1000)]
        return decoded_cache.cached(sums, [], (1000, 1, 1), lambda images: True)

    assert keep(0) is not None
    assert keep(1) is not None
    keep(0)
    keep(2)
    assert len(decoded_cache.kept_sets()) == 2
    # The one that was used last stays.
    assert sum("-" in one.path.name for one in decoded_cache.kept_sets()) == 2
    monkeypatch.setattr(decoded_cache, "_MOST_BYTES", 10)
    assert keep(3) is None
