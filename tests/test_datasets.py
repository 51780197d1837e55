"""Finding, reading and verifying data."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from kerasae.data.datasets import load_dataset
from kerasae.data.idx import idx_md5, read_idx
from kerasae.data.image_data import validation_rows
from kerasae.data.named_sets import keras_datasets
from kerasae.errors import DataError, InvalidSetting


def test_idx_is_read_plain_and_compressed(tmp_path):
    content = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b.gz").write_bytes(gzip.compress(content))
    for name in ("a", "b.gz"):
        assert read_idx(tmp_path / name).tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("content", [b"", b"\0\0\x08\x01", b"\0\0\x08\1\0\0\0\2a", b"PK\3\4"])
def test_a_damaged_idx_file_is_named(tmp_path, content):
    path = tmp_path / "damaged"
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_idx(path)


def test_a_truncated_gzip_is_named(tmp_path):
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(bytes(1000))[:-9])
    with pytest.raises(DataError, match=r"cut\.gz"):
        read_idx(path)


def test_a_folder_without_the_files_says_where_to_put_them(tmp_path):
    with pytest.raises(DataError, match=r"mnist\.npz.*mnist5k"):
        load_dataset("mnist", tmp_path)


def test_a_path_need_not_be_text(tmp_path):
    images = np.arange(32, dtype=np.uint8).reshape(2, 4, 4)
    np.save(tmp_path / "a.npy", images)
    data = load_dataset(tmp_path / "a.npy")
    assert data.name == str(tmp_path / "a.npy")
    assert len(data.train) == len(data.test) == 1
    assert len(load_dataset(Path("mnist5k")).train) == 4500


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_name_that_cannot_be_one_is_refused(monkeypatch, tmp_path, name):
    with pytest.raises(DataError, match=name[:1]):
        load_dataset("mnist", tmp_path / name)
    with pytest.raises(InvalidSetting, match="path of a folder"):
        load_dataset(tmp_path / name)
    if "\0" not in name:  # which no variable can hold
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / name))
        with pytest.raises(DataError, match=r"File name too long.*KERAS_HOME"):
            load_dataset("mnist")


def test_the_cache_is_where_keras_has_it(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    assert keras_datasets() == tmp_path / ".keras" / "datasets"
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    assert keras_datasets() == tmp_path / "k" / "datasets"


def test_other_images_under_the_name_are_refused(tmp_path):
    images, labels = np.zeros((2, 28, 28), np.uint8), np.zeros(2, np.uint8)
    arrays = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    np.savez(tmp_path / "mnist.npz", **arrays)
    with pytest.raises(DataError, match="MD5"):
        load_dataset("mnist", tmp_path)


def test_the_checksum_of_labels_tells_their_type():
    labels = np.arange(10, dtype=np.uint8)
    assert idx_md5(labels.astype(np.int64)) != idx_md5(labels) == idx_md5(labels[::-1][::-1])


def test_an_unknown_name_is_refused():
    with pytest.raises(InvalidSetting, match="mnist5k"):
        load_dataset("cifar10")


def test_the_5000_digits_are_split_by_class():
    data = load_dataset("mnist5k")
    assert np.bincount(data.train_labels).tolist() == [450] * 10
    assert np.bincount(data.test_labels).tolist() == [50] * 10


def test_the_small_digits_are_scikit_learns_from_0_to_255():
    data = load_dataset("digits8")
    theirs = load_digits()
    images = np.concatenate([data.train, data.test]) * (16 / 255)
    assert sorted(map(bytes, np.rint(images).astype("u1"))) == sorted(
        map(bytes, theirs.images.astype("u1"))
    )
    tenths = [count // 10 for count in np.bincount(theirs.target)]
    assert np.bincount(data.test_labels).tolist() == tenths


def test_the_validation_rows_and_the_rest_are_all_rows_once():
    train, held_out = validation_rows(50, 0.1)
    assert len(held_out) == 5
    assert sorted([*train, *held_out]) == list(range(50))
    assert len(validation_rows(50, 0.0)[1]) == 0


def test_few_images_are_both_trained_on_and_held_out():
    sizes = [[len(rows) for rows in validation_rows(n, 0.1)] for n in (1, 2, 4, 14, 15, 16)]
    assert sizes == [[1, 0], [1, 1], [3, 1], [13, 1], [13, 2], [14, 2]]
    assert [len(rows) for rows in validation_rows(3, 0.9)] == [1, 2]
