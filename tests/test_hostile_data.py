"""Data of strangers; the tables of hostile ones are in `data_cases` and `own_image_cases`."""

import data_cases
import numpy as np
import own_image_cases
import pytest
from hostile import assert_refused, refusals

from kerasae.data.datasets import load_dataset
from kerasae.data.image_checks import check_images, check_labelled
from kerasae.data.npz import map_npy, read_npz
from kerasae.errors import DataError


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    earlier = root / "earlier"
    earlier.mkdir()
    (earlier / "metrics.json").write_text("{}")
    # Half of them into a new folder, half into one that holds something already.
    outs = [root / "made", earlier]
    return refusals(
        root,
        data_cases.CASES,
        lambda number, place, made: [
            "fit", "--data-dir", made or place.folder, "--out", outs[number % 2]
        ],
    )  # fmt: skip


@data_cases.CASES.parametrized
def test_a_hostile_folder_is_refused_in_one_line(refused, one):
    refusal = refused[one.name]
    assert_refused(refusal, refusal.made or refusal.place.folder, one.reason)


@pytest.fixture(scope="module")
def refused_images(tmp_path_factory):
    root = tmp_path_factory.mktemp("images")
    return refusals(
        root,
        own_image_cases.CASES,
        lambda number, place, made: ["fit", "--dataset", made, "--out", root / "made"],
    )


@own_image_cases.CASES.parametrized
def test_hostile_images_of_ones_own_are_refused_in_one_line(refused_images, one):
    refusal = refused_images[one.name]
    assert_refused(refusal, refusal.made, one.reason)


def test_a_folder_whose_name_holds_a_nul_is_refused():
    with pytest.raises(DataError, match="NUL"):
        load_dataset("mnist", "a\0b")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["u1", "<f4", ">f8", "?"])
def test_arrays_of_numbers_come_back_as_numpy_wrote_them(tmp_path, kind, order):
    array = np.asarray(np.arange(24).reshape(2, 3, 4) % 2, dtype=kind, order=order)
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", a=array, b=array[0])
    a, b = read_npz(tmp_path / "a.npz", ("a", "b"))
    for read, written in ((map_npy(tmp_path / "a.npy"), array), (a, array), (b, array[0])):
        assert read.dtype == written.dtype
        np.testing.assert_array_equal(read, written)


def test_an_array_larger_than_allowed_is_refused_before_it_is_read(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1001, np.uint8))
    with pytest.raises(DataError, match="expected at most"):
        read_npz(tmp_path / "a.npz", ("a",), most_bytes=1000)


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


def test_labels_must_be_whole_numbers():
    with pytest.raises(DataError, match="float64"):
        check_labelled(np.zeros((2, 1, 1), np.uint8), np.zeros(2), "test")
