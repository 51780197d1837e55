"""Files of arrays as the field has them: names, shapes, types, CSV, IDX sets."""

import gzip
import json
import struct

import numpy as np
import pytest
from commands import command
from picture_cases import pattern

from kerasae.data.datasets import load_dataset
from kerasae.errors import DataError
from kerasae.inference.model_inputs import ModelInputs

IMAGES = np.stack([pattern(number) for number in range(10)])
LABELS = np.arange(10) % 3


def everything(data):
    """Returns the images in the order of the file, whatever part they are in."""
    found = np.concatenate([data.train, data.test])
    order = [next(row for row in range(len(found)) if np.array_equal(found[row], image))
             for image in IMAGES]  # fmt: skip
    return found[order]


def test_medmnist(tmp_path):
    np.savez_compressed(
        tmp_path / "pneumoniamnist.npz",
        train_images=IMAGES[:6], val_images=IMAGES[6:8], test_images=IMAGES[8:],
        train_labels=LABELS[:6, None], val_labels=LABELS[6:8, None], test_labels=LABELS[8:, None],
    )  # fmt: skip
    data = load_dataset(tmp_path / "pneumoniamnist.npz")
    np.testing.assert_array_equal(data.train, IMAGES[:6])
    np.testing.assert_array_equal(data.validation, IMAGES[6:8])
    np.testing.assert_array_equal(data.test, IMAGES[8:])
    assert data.train_labels.tolist() == LABELS[:6].tolist()
    assert data.class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    "names",
    [
        ("X_train", "y_train", "X_test", "y_test"),
        ("train_x", "train_y", "test_x", "test_y"),
        ("trainX", "trainY", "testX", "testY"),
        ("Xtrain", "ytrain", "Xtest", "ytest"),
        ("arr_0", "arr_1", "arr_2", "arr_3"),
        ("train_images", "train_labels", "test_images", "test_labels"),
    ],
)
def test_names_of_arrays_are_taken_at_their_word(tmp_path, names):
    arrays = (IMAGES[:7], LABELS[:7], IMAGES[7:], LABELS[7:])
    np.savez(tmp_path / "a.npz", **dict(zip(names, arrays, strict=True)))
    data = load_dataset(tmp_path / "a.npz")
    np.testing.assert_array_equal(data.train, IMAGES[:7])
    np.testing.assert_array_equal(data.test, IMAGES[7:])
    assert data.test_labels.tolist() == LABELS[7:].tolist()


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": IMAGES, "y": LABELS},
        {"arr_0": IMAGES, "arr_1": LABELS},
        {"x_train": IMAGES, "y_train": LABELS},
        {"data": IMAGES, "target": LABELS.astype(float)},
        {"images": IMAGES, "labels": LABELS, "class_names": np.array(["a", "b", "c"])},
    ],
)
def test_without_test_images_a_tenth_is_taken(tmp_path, arrays):
    np.savez(tmp_path / "a.npz", **arrays)
    data = load_dataset(tmp_path / "a.npz")
    assert (len(data.train), len(data.test)) == (9, 1)
    np.testing.assert_array_equal(everything(data), IMAGES)
    assert data.class_names == ("0", "1", "2")
    told = [note for note in data.notes if "class_names holds no numbers: left out" in note]
    assert len(told) == ("class_names" in arrays)


def test_labels_of_another_kind_are_left_out_and_told(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=np.zeros((10, 14), int))
    data = load_dataset(tmp_path / "a.npz")
    assert data.class_names == ()
    assert "the labels are left out: int64 of shape (10, 14)" in data.notes[0]
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=np.zeros(9, int))
    with pytest.raises(DataError, match="10 images and 9 labels"):
        load_dataset(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", x_test=IMAGES, y_test=LABELS)
    with pytest.raises(DataError, match="holds x_test, y_test; expected"):
        load_dataset(tmp_path / "a.npz")


@pytest.mark.parametrize("dtype", ["int64", "uint16", "float32", "int16"])
def test_whole_numbers_to_255_are_pixels_of_any_type(tmp_path, dtype):
    np.save(tmp_path / "a.npy", IMAGES.astype(dtype))
    data = load_dataset(tmp_path / "a.npy")
    np.testing.assert_array_equal(everything(data), IMAGES)
    assert (data.notes, data.white) == ((), None)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32"])
def test_zeros_and_ones_are_black_and_white(tmp_path, dtype):
    bits = IMAGES > 127
    np.save(tmp_path / "a.npy", bits.astype(dtype))
    data = load_dataset(tmp_path / "a.npy")
    found = np.concatenate([data.train, data.test])
    assert set(np.unique(found)) == {0, 255}
    assert (found == 255).sum() == bits.sum()
    assert data.white == 1
    assert "0 is taken as black, 1 as white" in data.notes[0]


@pytest.mark.parametrize(
    ("images", "white"),
    [
        (IMAGES.astype(np.uint16) * 16, 4095.0),
        (IMAGES.astype(np.int32) * 257, 65535.0),
        (IMAGES // 16, None),
        (IMAGES // 16 * 1.0, 15.0),
        (IMAGES / 255 / 50, 1 / 50),
    ],
)
def test_what_is_not_8_bits_deep_has_one_white(tmp_path, images, white):
    np.save(tmp_path / "a.npy", images)
    data = load_dataset(tmp_path / "a.npy")
    expected = images if white is None else np.rint(images / white * 255)
    found = {image.tobytes() for image in np.concatenate([data.train, data.test])}
    assert found == {image.tobytes() for image in expected.astype(np.uint8)}
    assert data.white == (None if white is None else pytest.approx(white))
    # A file of which the brightest is missing is read by the white of the run.
    np.save(tmp_path / "dark.npy", images[:1] // 4 if images.dtype.kind != "f" else images[:1] / 4)
    dark = ModelInputs([tmp_path / "dark.npy"], white=data.white)
    (batch,) = dark.batches((8, 6))
    assert batch.images.max() == pytest.approx(
        float(images[0].max()) / 4 / (white or 255), abs=0.01
    )


def test_channels_that_come_first_are_put_last(tmp_path):
    colours = np.stack([pattern(number, channels=3) for number in range(4)])
    np.save(tmp_path / "a.npy", np.moveaxis(colours, -1, 1))
    data = load_dataset(tmp_path / "a.npy")
    assert data.train.shape == (3, 8, 6, 3)
    assert any(np.array_equal(data.train[0], image) for image in colours)
    assert "the channels come first in (3, 8, 6): put last" in data.notes[0]
    np.save(tmp_path / "b.npy", IMAGES[:, None])
    np.testing.assert_array_equal(everything(load_dataset(tmp_path / "b.npy")), IMAGES)


def test_rows_of_pixels_are_images(tmp_path):
    np.save(tmp_path / "a.npy", IMAGES.reshape(10, 48))
    with pytest.raises(DataError, match=r"rows of 48 numbers.*--image-size"):
        load_dataset(tmp_path / "a.npy")
    data = load_dataset(tmp_path / "a.npy", image_size=(8, 6))
    np.testing.assert_array_equal(everything(data), IMAGES)
    square = np.arange(5 * 49, dtype=np.uint8).reshape(5, 49)
    np.save(tmp_path / "b.npy", square)
    data = load_dataset(tmp_path / "b.npy")
    assert data.train.shape == (4, 7, 7)
    assert "rows of 49 numbers are taken as images of 7 x 7" in data.notes[0]


SQUARE = IMAGES[:, :6]


@pytest.mark.parametrize(
    "kind", ["kaggle", "no header", "no label", "label last", "index", "scaled"]
)
def test_csv_files_with_an_image_a_row(tmp_path, kind):
    rows = SQUARE.reshape(10, 36).astype(object)
    header = [f"pixel{number}" for number in range(36)]
    labels = LABELS[:, None]
    if kind == "scaled":
        rows = rows / 255
    if kind in ("kaggle", "index", "scaled"):
        rows, header = np.hstack([labels, rows]), ["label", *header]
    if kind == "no header":
        rows = np.hstack([labels, rows])
    if kind == "label last":
        rows[:, 0] = 0
        rows = np.hstack([rows, labels])
    if kind == "index":
        rows, header = np.hstack([np.arange(10)[:, None], rows]), ["", *header]
    lines = [",".join(map(str, row)) for row in rows]
    if kind not in ("no header", "label last"):
        lines.insert(0, ",".join(header))
    (tmp_path / "train.csv").write_text("\n".join(lines) + "\n")
    data = load_dataset(tmp_path / "train.csv")
    expected = SQUARE.copy()
    if kind == "label last":
        expected[:, 0, 0] = 0
    found = {image.tobytes() for image in np.concatenate([data.train, data.test])}
    assert found == {image.tobytes() for image in expected}
    assert data.class_names == (() if kind == "no label" else ("0", "1", "2"))


def test_rows_of_different_lengths_are_refused_without_numpys_advice(tmp_path):
    (tmp_path / "a.csv").write_text("1,2,3,4\n1,2,3\n")
    reason = r"changed from 4 to 3 at row 2\); expected an image a row$"
    with pytest.raises(DataError, match=reason):
        load_dataset(tmp_path / "a.csv", image_size=(2, 2))


def test_a_csv_file_without_pixels_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("label,a,b\n1\n")
    with pytest.raises(DataError, match=r"a\.csv: has no pixels"):
        load_dataset(tmp_path / "a.csv")


def idx(array):
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.astype(np.uint8).tobytes()


def write_idx_set(folder, prefix="", test="t10k", dot="-", images=SQUARE):
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"train": (images[:7], LABELS[:7]), test: (images[7:], LABELS[7:])}
    for part, (pixels, labels) in parts.items():
        for name, array in (
            (f"{prefix}{part}-images{dot}idx3-ubyte.gz", pixels),
            (f"{prefix}{part}-labels{dot}idx1-ubyte.gz", labels),
        ):
            (folder / name).write_bytes(gzip.compress(idx(array)))


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("", {}),
        ("", {"dot": "."}),
        ("KMNIST/raw", {}),
        ("MNIST/raw", {}),
        ("EMNIST/raw", {"prefix": "emnist-letters-", "test": "test"}),
    ],
)
def test_sets_of_idx_files_as_others_leave_them(tmp_path, place, names):
    emnist = "prefix" in names
    images = np.swapaxes(SQUARE, 1, 2) if emnist else SQUARE
    write_idx_set(tmp_path / place, images=images, **names)
    data = load_dataset(tmp_path)
    np.testing.assert_array_equal(data.train, SQUARE[:7])
    np.testing.assert_array_equal(data.test, SQUARE[7:])
    assert len(data.notes) == emnist


def test_kmnists_own_files_and_folders_with_several_sets(tmp_path):
    for part, rows in (("train", slice(7)), ("test", slice(7, 10))):
        np.savez(tmp_path / f"kmnist-{part}-imgs.npz", IMAGES[rows])
        np.savez(tmp_path / f"kmnist-{part}-labels.npz", LABELS[rows])
    data = load_dataset(tmp_path)
    np.testing.assert_array_equal(data.train, IMAGES[:7])
    assert data.test_labels.tolist() == LABELS[7:].tolist()
    write_idx_set(tmp_path, prefix="emnist-digits-", test="test")
    with pytest.raises(DataError, match="holds several sets: emnist-digits, kmnist"):
        load_dataset(tmp_path)
    (tmp_path / "kmnist-test-labels.npz").unlink()
    for path in tmp_path.glob("emnist*"):
        path.unlink()
    with pytest.raises(DataError, match="expected images and labels, to train and to test"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.pkl", b"\x80\x04N.", "is a pickle, which runs code.*numpy.savez"),
        ("data_batch_1", b"\x80\x02N.", "is a pickle"),
        ("a.mat", b"MATLAB 5.0 MAT-file", "scipy.io.loadmat"),
        ("a.h5", b"\x89HDF\r\n\x1a\n", "is an HDF5 file"),
        ("photos.zip", b"PK\3\4", "unpack it"),
    ],
)
def test_other_files_are_called_what_they_are(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=reason):
        load_dataset(tmp_path / name)


def test_a_part_of_a_file_is_taken(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=IMAGES[:6], x_val=IMAGES[6:7], x_test=IMAGES[7:])
    counts = {"test": 3, "train": 6, "validation": 1, "all": 10}
    for part, count in counts.items():
        assert len(ModelInputs([tmp_path / "a.npz"], part=part).images) == count
    np.savez(tmp_path / "b.npz", x_train=IMAGES[:6], x_test=IMAGES[7:])
    with pytest.raises(DataError, match="has no validation images; choose --part train, test"):
        ModelInputs([tmp_path / "b.npz"], part="validation")


@pytest.mark.slow
def test_a_data_set_is_encoded_by_its_name(tmp_path):
    run = tmp_path / "run"
    words = ["--hidden-dims", "4", "--latent-dim", "2", "--epochs", "1", "--quiet"]
    assert command("fit", "--dataset", "mnist5k", *words, "--out", run).code == 0
    done = command("encode", run, "mnist5k", "--out", tmp_path / "codes.npy", "--json")
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["images"][0] == "mnist5k[0]"
    assert np.load(tmp_path / "codes.npy").shape == (500, 2)
    out = tmp_path / "train.npy"
    done = command("encode", run, "mnist5k", "--part", "train", "--out", out)
    assert np.load(out).shape == (4500, 2)
