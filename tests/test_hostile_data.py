"""Data of strangers: the table of hostile folders is in `data_cases`."""

import re

import numpy as np
import pytest
from commands import commands
from data_cases import CASES, npy_header

from kerasae.data.datasets import load_dataset
from kerasae.data.image_checks import check_images, check_labelled
from kerasae.data.npz import read_npy, read_npz
from kerasae.errors import DataError


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    for one in CASES:
        (root / one.name).mkdir()
        one.make(root / one.name)
    earlier = root / "earlier"
    earlier.mkdir()
    (earlier / "metrics.json").write_text("{}")
    before = {path: path.lstat().st_mtime_ns for path in root.rglob("*")}
    # Half of them into a new folder, half into one that holds something already.
    outs = [root / "made", earlier]
    lines = [
        ["fit", "--data-dir", root / one.name, "--out", outs[number % 2]]
        for number, one in enumerate(CASES)
    ]
    found = commands(lines, tmp_path_factory.mktemp("temporary"))
    assert {path: path.lstat().st_mtime_ns for path in root.rglob("*")} == before
    return {one.name: (root / one.name, f) for one, f in zip(CASES, found, strict=True)}


@pytest.mark.parametrize("one", CASES, ids=[one.name for one in CASES])
def test_a_hostile_folder_is_refused_in_one_line(refusals, one):
    folder, found = refusals[one.name]
    assert found["code"] == 2, "it was let through"
    assert found["stdout"] == ""
    line = found["stderr"].removesuffix("\n")
    assert len(line.splitlines()) == 1
    assert str(folder) in line
    assert not found["tensorflow"]
    assert re.search(one.reason, line), line
    assert found["grown"] < 100_000  # kB


@pytest.mark.parametrize("name", ["http://127.0.0.1/data", "x" * 300, "a\0b", "nowhere"])
def test_a_folder_that_is_none_is_named(name):
    with pytest.raises(DataError) as refused:
        load_dataset("mnist", name)
    assert name[:1] in str(refused.value)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["u1", "<f4", ">f8", "?"])
def test_arrays_of_numbers_come_back_as_numpy_wrote_them(tmp_path, kind, order):
    array = np.asarray(np.arange(24).reshape(2, 3, 4) % 2, dtype=kind, order=order)
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", a=array, b=array[0])
    a, b = read_npz(tmp_path / "a.npz", ("a", "b"))
    for found, expected in ((read_npy(tmp_path / "a.npy"), array), (a, array), (b, array[0])):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_an_array_larger_than_allowed_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "a.npy").write_bytes(npy_header("(1001,)") + bytes(1001))
    with pytest.raises(DataError, match="expected at most"):
        read_npy(tmp_path / "a.npy", most_bytes=1000)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, -0.1, 1.001])
def test_the_first_pixel_that_is_no_brightness_is_named(wrong):
    images = np.zeros((3000, 2, 3, 1), np.float32)
    check_images(images)
    images[2500, 1, 2, 0] = images[2999, 0, 0, 0] = wrong
    with pytest.raises(DataError, match=r"^images\[2500, 1, 2, 0\] is .*; expected"):
        check_images(images)


@pytest.mark.parametrize("shape", [(0, 2, 2), (2, 0, 2), (4,), (2, 2), (1, 1, 1, 1, 1)])
def test_arrays_without_images_are_refused(shape):
    with pytest.raises(DataError, match="shape"):
        check_images(np.zeros(shape, np.uint8))


def test_labels_must_be_bytes():
    with pytest.raises(DataError, match="int64"):
        check_labelled(np.zeros((2, 1, 1), np.uint8), np.zeros(2, np.int64), "test")
