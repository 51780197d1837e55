"""A data set made of arrays."""

import dataclasses

import numpy as np
import pytest

import kerasae
from kerasae.data.image_data import ImageData
from kerasae.errors import DataError, InvalidSetting
from kerasae.evaluation import evaluate
from kerasae.runs.run_data import run_data

IMAGES = np.random.RandomState(0).randint(0, 256, (20, 6, 5)).astype(np.uint8)


def test_a_data_set_of_arrays_has_all_of_its_parts():
    data = ImageData.from_arrays(
        IMAGES, range(20), test=IMAGES[:4], test_labels=[3, 2, 1, 0], validation=IMAGES[:7],
        name="mine",
    )  # fmt: skip
    assert data.name == "mine"
    assert [len(part) for part in data.parts(0.5)] == [20, 7, 4]
    assert data.train_labels[19] == 19
    assert data.test_labels.tolist() == [3, 2, 1, 0]
    assert data.train is IMAGES


@pytest.mark.parametrize(
    ("labels", "test_labels", "names", "numbers"),
    [
        ([2015, 1998, 2015], [7, 1998], ("7", "1998", "2015"), ([2, 1, 2], [0, 1])),
        ([10**12, -1, -1], [-1, -1], ("-1", str(10**12)), ([1, 0, 0], [0, 0])),
        (["b", "a", "b"], np.array(["a", "b"], object), ("a", "b"), ([1, 0, 1], [0, 1])),
        ([5, 5, 6], None, (), ([0, 0, 0], [0, 0])),
        (None, [5, 6], (), ([0, 0, 0], [0, 0])),
    ],
)
def test_classes_are_numbered_whatever_their_labels_are(labels, test_labels, names, numbers):
    data = ImageData.from_arrays(IMAGES[:3], labels, test=IMAGES[:2], test_labels=test_labels)
    assert data.class_names == names
    assert (data.train_labels.tolist(), data.test_labels.tolist()) == numbers


def test_labels_that_number_the_classes_already_stay_as_they_are():
    labels = np.array([1, 0, 2], np.uint8)
    data = ImageData.from_arrays(IMAGES[:3], labels)
    assert data.train_labels is labels
    assert data.class_names == ("0", "1", "2")


def test_a_fit_scores_the_test_images_that_it_is_given():
    data = ImageData.from_arrays(IMAGES, test=IMAGES[:4])
    run = kerasae.fit(data, latent_dim=3, hidden_dims=(), epochs=1, batch_size=9, verbose=0)
    output = np.asarray(run.model(IMAGES[:4] / 255))
    expected = np.square(output - IMAGES[:4] / 255).mean()
    assert run.metrics["test_mse"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"images": IMAGES.astype(str)},
            r"images: received '<U3 \(20, 6, 5\)'; expected an array of",
        ),
        ({"images": IMAGES.tolist()}, "images: received 'list"),
        ({"images": IMAGES[0]}, r"images: received 'uint8 \(6, 5\)'; expected \(images, height"),
        ({"images": IMAGES[:0]}, "none of them 0"),
        ({"labels": [1, 2]}, r"labels: received 'int64 \(2,\)'; expected 20 whole numbers"),
        ({"labels": np.zeros(20)}, "labels: received 'float64"),
        ({"test": IMAGES[:, :5]}, r"test: received 'uint8 \(20, 5, 5\)'; expected .* \(6, 5\)"),
        ({"test_labels": [1]}, "test_labels: .* expected 0 whole numbers"),
        ({"validation": IMAGES[..., None]}, "validation: received"),
        ({"validation": IMAGES[:0]}, "validation: received 'no images'"),
    ],
)
def test_arrays_that_are_no_images_are_refused(changes, reason):
    with pytest.raises(InvalidSetting, match=reason):
        ImageData.from_arrays(**{"images": IMAGES, **changes})


def test_arrays_of_other_numbers_are_scaled_as_one():
    floats = IMAGES[:16].astype(np.float32) / 255
    data = ImageData.from_arrays(floats, test=floats[:4] / 2, validation=floats[4:8])
    np.testing.assert_array_equal(data.train, IMAGES[:16])
    np.testing.assert_array_equal(data.test, np.rint(IMAGES[:4] / 2).astype(np.uint8))
    np.testing.assert_array_equal(data.validation, IMAGES[4:8])
    assert (data.white, data.notes) == (None, ())
    # 12 bits, of which 4,095 is white.
    deep = IMAGES.astype(np.uint16) * 16
    data = ImageData.from_arrays(deep, test=deep[:1])
    np.testing.assert_array_equal(data.train, np.rint(deep * (255 / 4095)).astype(np.uint8))
    assert data.white == 4095
    for mixed in ((floats, IMAGES), (IMAGES, floats)):
        with pytest.raises(DataError, match="floats beside whole numbers"):
            ImageData.from_arrays(mixed[0], test=mixed[1])
    with pytest.raises(DataError, match=r"array\[0, 0, 0\] is -1"):
        ImageData.from_arrays(np.full((4, 3, 3), -1.0))


def test_floats_may_exceed_one_by_their_rounding():
    floats = (IMAGES / 255).astype(np.float32) * np.float32(1.000001)
    np.testing.assert_array_equal(ImageData.from_arrays(floats).train, IMAGES)
    with pytest.raises(DataError, match=r"up to 1\.01 that are not whole"):
        ImageData.from_arrays(floats * 1.01)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_grey_images_may_have_an_axis_for_their_channel(kind):
    images = (IMAGES.astype(float) if kind != np.float32 else IMAGES / 255).astype(kind)
    data = ImageData.from_arrays(images[..., None], test=images[:2, ..., None])
    np.testing.assert_array_equal(data.train, IMAGES[..., None])
    np.testing.assert_array_equal(data.test, IMAGES[:2, ..., None])


def test_a_part_of_the_training_images_holds_none_that_the_whole_set_holds_out(digits):
    held_out = set(digits.parts(0.1).validation.rows.tolist())
    few = dataclasses.replace(digits, train_labels=np.arange(len(digits.train))).with_train_images(
        50
    )
    rows = few.train_labels.tolist()
    assert len(set(rows)) == 50
    assert not held_out & set(rows)
    np.testing.assert_array_equal(few.train, digits.train[rows])
    assert few.test is digits.test
    # Copies are still known to be some.
    copies = np.arange(len(digits.train), dtype=np.int32)
    copies[rows[7]] = copies[rows[3]]
    again = dataclasses.replace(digits, copy_of=copies).with_train_images(50)
    assert again.copy_of[7] == again.copy_of[3]
    assert len(set(again.copy_of.tolist())) == 49
    with pytest.raises(InvalidSetting, match="train_images: received"):
        digits.with_train_images(len(digits.train) + 1)


def test_a_run_of_few_images_is_scored_on_the_same(tmp_path):
    run = kerasae.fit(
        "digits8", folder=tmp_path / "run", train_images=40, epochs=1, latent_dim=2, verbose=0,
        hidden_dims=(8,),
    )  # fmt: skip
    data = run_data(run)
    assert len(data.train) == 40
    assert evaluate(run.model, data, run.experiment).model["train"].mse == pytest.approx(
        run.metrics["train_mse"], rel=1e-6
    )


def test_a_data_set_is_shown_in_one_line():
    assert repr(ImageData.from_arrays(IMAGES, test=IMAGES[:4])) == (
        "ImageData('array', 20 training and 4 test images, 6 x 5)"
    )


def test_what_images_vary_by_is_the_sum_over_their_pixels():
    images = np.zeros((3000, 2, 2), np.uint8)
    # Two pixels are black in one half of the images and white in the other: 1/4 each.
    images[::2, 0] = 255
    images[:, 1, 1] = 77
    data = ImageData.from_arrays(images)
    assert data.variance == pytest.approx(0.5, rel=0.01)
    assert ImageData.from_arrays(images[:1]).variance == 0
    # A sample of large images is small.
    large = ImageData.from_arrays(np.resize(np.uint8([0, 255]), (4, 2001, 1001)))
    assert large.variance == pytest.approx(2001 * 1001 / 4, rel=0.01)
