"""Callbacks for a model and a `fit` of one's own."""

import keras
import numpy as np
import pytest
from PIL import Image

import kerasae
from kerasae.callbacks import Reconstructions, ValidationScores
from kerasae.errors import ArtifactError, InvalidSetting


def dense(size=12):
    model = keras.Sequential([keras.Input((8, size)), keras.layers.Dense(size, "sigmoid")])
    model.compile("adam", "mse")
    return model


def half_as_bright():
    layers = [keras.Input((8, 12)), keras.layers.Rescaling(0.5), keras.layers.Dense(12)]
    model = keras.Sequential(layers)
    model.layers[-1].set_weights([np.eye(12), np.zeros(12)])
    # It stays what it is.
    model.compile(keras.optimizers.SGD(0.0), "mse")
    return model


def images_of(*values, size=12):
    return np.stack([np.full((8, size), value, np.float32) for value in values])


def fit(model, *callbacks, **options):
    images = np.random.RandomState(0).rand(8, *model.input_shape[1:]).astype(np.float32)
    return model.fit(images, images, verbose=0, callbacks=callbacks, **options).history


@pytest.mark.parametrize("kind", [np.float32, np.uint8])
def test_validation_scores_are_those_worked_out_by_hand(kind):
    held_out = images_of(0.2, 0.4) if kind == np.float32 else np.rint(images_of(0.2, 0.4) * 255)
    history = fit(half_as_bright(), ValidationScores(held_out.astype(kind)), epochs=2)
    # The errors are 0.1 and 0.2, and their squares 0.01 and 0.04.
    assert history["val_mse"] == pytest.approx([0.025] * 2, rel=1e-5)
    assert history["val_psnr"] == pytest.approx([(20 + 13.9794) / 2] * 2, rel=1e-5)
    assert history["val_pooled_psnr"] == pytest.approx([16.0206] * 2, rel=1e-5)


def test_the_model_may_see_other_images_than_it_is_scored_on():
    history = fit(half_as_bright(), ValidationScores(images_of(0.1), images_of(0.4)))
    assert history["val_mse"] == pytest.approx([0.01])


def test_callbacks_that_come_later_see_the_scores():
    stopping = keras.callbacks.EarlyStopping("val_psnr", mode="max", patience=1)
    history = fit(half_as_bright(), ValidationScores(images_of(0.5)), stopping, epochs=9)
    assert len(history["val_psnr"]) == 2


def test_a_picture_holds_originals_above_reconstructions(tmp_path):
    images = images_of(*np.arange(12) / 20)
    fit(half_as_bright(), Reconstructions(images, tmp_path / "new" / "folder"), epochs=2)
    with Image.open(tmp_path / "new" / "folder" / "epoch-0002.png") as picture:
        pixels = np.asarray(picture)
    # Ten columns, two rows of pairs, five pixels for each.
    assert pixels.shape == (4 * 8 * 5, 10 * 12 * 5)
    places = pixels[20::40, 30::60]
    first, second = np.arange(10) / 20, np.array([0.5, 0.55, *[0] * 8])
    expected = np.stack([first, first / 2, second, second / 2]) * 255
    np.testing.assert_allclose(places, expected, atol=0.51)


def test_a_picture_of_colours_has_them(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Dense(3)])
    model.compile("sgd", "mse")
    fit(model, Reconstructions(np.zeros((2, 8, 8, 3), np.uint8), tmp_path))
    with Image.open(tmp_path / "epoch-0001.png") as picture:
        assert (picture.mode, picture.size) == ("RGB", (2 * 64, 2 * 64))


def test_training_may_go_on_into_the_same_folder_and_nobody_else_may(tmp_path):
    drawn = Reconstructions(images_of(0.5), tmp_path)
    model = half_as_bright()
    fit(model, drawn)
    fit(model, drawn, initial_epoch=1, epochs=2)
    assert [path.name for path in sorted(tmp_path.glob("*.png"))] == [
        "epoch-0001.png", "epoch-0002.png"
    ]  # fmt: skip
    with pytest.raises(ArtifactError, match="is not empty"):
        fit(model, Reconstructions(images_of(0.5), tmp_path))


def test_after_an_interrupt_the_folder_can_be_used_again(tmp_path):
    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    drawn = Reconstructions(images_of(0.5), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fit(dense(), drawn, keras.callbacks.LambdaCallback(on_epoch_end=interrupt))
    fit(dense(), drawn)


@pytest.mark.parametrize("make", [ValidationScores, lambda *a: Reconstructions(a[0], "no", *a[1:])])
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((np.zeros((0, 8, 12)),), "at least one"),
        ((np.zeros((2, 8, 12), np.int64),), "received 'int64'; expected uint8, or floats"),
        ((np.zeros((2, 8, 12, 1)), np.zeros((2, 8, 12))), r"received \(8, 12, 1\); expected"),
        ((np.zeros((2, 8, 12)), np.zeros((1, 8, 12))), "received 1; expected 2"),
    ],
)
def test_images_that_do_not_fit_are_refused_before_training(make, arguments, reason):
    seen = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(batch)
    )
    with pytest.raises(InvalidSetting, match=reason):
        fit(dense(), make(*arguments), watch)
    assert seen == []


def test_they_work_in_kerasae_fit_as_well(tmp_path):
    images = np.random.RandomState(0).randint(0, 256, (40, 8, 12)).astype(np.uint8)
    drawn = Reconstructions(images[:3], tmp_path)
    kerasae.fit(images, latent_dim=3, hidden_dims=(8,), epochs=1, verbose=0, callbacks=[drawn])
    assert (tmp_path / "epoch-0001.png").is_file()
