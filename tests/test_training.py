"""Training through `fit`."""

import dataclasses
import warnings

import keras
import numpy as np
import pytest

from kerasae.data.image_data import ImageData
from kerasae.errors import InvalidSetting, KerasAEWarning, TrainingDiverged
from kerasae.experiment import Experiment
from kerasae.models import autoencoder
from kerasae.noise import VALIDATION, scoring_input
from kerasae.pca import fit_pca
from kerasae.runs.fitting import fit_run
from kerasae.training.batches import epoch_order

SMALL = Experiment(
    "mnist5k", (16,), 4, shortcut=None, epochs=2, batch_size=50, optimizer="sgd", learning_rate=0.5
)


@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_the_compiled_chunk_does_what_plain_keras_does_step_by_step(digits, decay):
    experiment = dataclasses.replace(SMALL, validation_split=0.0, weight_decay=decay)
    ours = fit_run(experiment, digits).model.get_weights()

    plain = autoencoder((28, 28), (16,), 4, activation=SMALL.activation)
    steps = len(digits.train) // 50
    warmup = round(2 * steps * 0.05)
    optimizer = keras.optimizers.SGD(
        keras.optimizers.schedules.CosineDecay(
            0.0, 2 * steps - warmup, warmup_target=0.5, warmup_steps=warmup
        ),
        weight_decay=decay or None,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    plain.compile(optimizer, "mse")
    images = digits.train.astype("float32") / 255
    for epoch in range(2):
        order = epoch_order(len(images), 0, epoch).numpy()
        for start in range(0, steps * 50, 50):
            batch = images[order[start : start + 50]]
            plain.train_on_batch(batch, batch)
    for ours_one, plain_one in zip(ours, plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours_one, plain_one, atol=1e-5)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(digits):
    experiment = dataclasses.replace(SMALL, dropout=0.2, optimizer="adam", learning_rate=1e-3)
    first, second = (fit_run(experiment, digits).model.get_weights() for _ in range(2))
    other = fit_run(dataclasses.replace(experiment, seed=1), digits).model.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_the_history_has_the_learning_rate_at_the_end_of_each_epoch(digits):
    experiment = dataclasses.replace(SMALL, epochs=4, validation_split=0.0)
    rates = [row["learning_rate"] for row in fit_run(experiment, digits).history]
    steps = len(digits.train) // 50
    warmup = round(4 * steps * 0.05)
    done = (np.arange(1, 5) * steps - warmup) / (4 * steps - warmup)
    assert rates == pytest.approx(0.25 * (1 + np.cos(np.pi * done)), abs=1e-6)


def test_a_callers_precision_is_neither_used_nor_lost(digits):
    expected = fit_run(SMALL, digits).model.get_weights()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        found = fit_run(SMALL, digits).model
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy(before)
    assert found.compute_dtype == "float32"
    assert all(np.array_equal(a, b) for a, b in zip(expected, found.get_weights(), strict=True))


def test_scores_are_those_of_the_saved_model(digits):
    run = fit_run(SMALL, digits)
    clean = digits.test.astype("float64") / 255
    error = np.square(np.asarray(run.model(clean.astype("float32"))) - clean).mean((1, 2))
    assert run.metrics["test_mse"] == pytest.approx(error.mean(), rel=1e-4)
    assert run.metrics["test_psnr"] == pytest.approx(np.mean(-10 * np.log10(error)), rel=1e-5)
    assert [row["epoch"] for row in run.history] == [1, 2]
    assert run.history[-1]["val_mse"] == pytest.approx(run.metrics["val_mse"], rel=1e-6)


def test_a_rate_that_explodes_is_called_divergence(digits):
    experiment = dataclasses.replace(SMALL, learning_rate=1e30, activation="elu")
    experiment = dataclasses.replace(experiment, loss="binary_crossentropy", l1=1.0)
    with pytest.raises(TrainingDiverged, match="learning rate"):
        fit_run(experiment, digits)


def test_a_batch_larger_than_the_training_set_is_refused(digits):
    with pytest.raises(InvalidSetting, match="at most the 450"):
        fit_run(dataclasses.replace(SMALL, batch_size=451), digits)


@pytest.mark.parametrize("shortcut", ["pca", None])
def test_one_training_image_is_refused(digits, shortcut):
    data = dataclasses.replace(digits, train=digits.train[:2], train_labels=digits.train_labels[:2])
    experiment = dataclasses.replace(SMALL, batch_size=1, shortcut=shortcut)
    with pytest.raises(InvalidSetting, match="training images: received 1; expected at least 2"):
        fit_run(experiment, data)


def test_of_four_images_one_decides_when_to_stop(digits):
    data = dataclasses.replace(digits, train=digits.train[:4], train_labels=digits.train_labels[:4])
    run = fit_run(dataclasses.replace(SMALL, batch_size=1, patience=1), data)
    assert run.metrics["val_mse"] == run.history[run.metrics["best_epoch"] - 1]["val_mse"]


def test_the_largest_seed_trains_and_is_scored_with_noise(digits):
    run = fit_run(dataclasses.replace(SMALL, seed=2**32 - 1, sigma=0.3, dropout=0.1), digits)
    assert run.metrics["epochs"] == 2


def test_a_shortcut_at_pca_never_does_worse_than_pca(digits):
    experiment = dataclasses.replace(
        SMALL, shortcut="pca", optimizer="adam", learning_rate=1e-3, validation_split=0.0
    )
    basis = fit_pca(digits.train, 4)
    run = fit_run(experiment, digits, pca=basis)
    assert run.metrics["train_mse"] < basis.mse(digits.train, [4])[4]
    assert run.history[0]["mse"] < 1.1 * basis.mse(digits.train, [4])[4]


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": 10.0, "optimizer": "adam"},
        pytest.param(
            {"learning_rate": 1.0, "hidden_dims": (24, 12), "latent_dim": 70, "batch_size": 7},
            marks=pytest.mark.slow,
        ),
        {"learning_rate": 0.3, "sigma": 0.8, "optimizer": "muon", "hidden_dims": ()},
        pytest.param(
            {"learning_rate": 3.0, "l1": 5.0, "dropout": 0.9, "shift": 3, "optimizer": "rmsprop"},
            marks=pytest.mark.slow,
        ),
        {"learning_rate": 1e3, "validation_split": 0.0, "epochs": 1},
    ],
)
def test_no_setting_ends_above_pca_on_what_it_is_chosen_by(settings):
    images = np.random.RandomState(3).randint(0, 200, (60, 8, 9), np.uint8)
    data = ImageData.from_arrays(images // np.arange(1, 10, dtype=np.uint8))
    experiment = Experiment("array", **{"epochs": 2, "hidden_dims": (5,), **settings})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", KerasAEWarning)
        run = fit_run(experiment, data)
    part = data.parts(experiment.validation_split)
    basis = fit_pca(images=data.train, components=experiment.latent_dim, rows=part.train.rows)
    if experiment.validation_split:
        held_out, scored = part.validation.taken(), run.metrics["val_mse"]
    else:
        held_out, scored = data.train, run.metrics["train_mse"]
    noise = {} if not experiment.sigma else {"sigma": experiment.sigma}
    seen = scoring_input(experiment, held_out, VALIDATION)
    pca = basis.reconstructions(held_out if seen is None else seen, experiment.latent_dim, **noise)
    expected = np.square(pca - held_out / 255).mean()
    assert scored <= expected * (1 + 1e-4)
    assert run.metrics["best_epoch"] == 0 or scored < expected


@pytest.mark.parametrize(
    ("seed", "expected"), [(5, (True, True)), (8, (True, False)), (4, (False, False))]
)
def test_a_start_at_pca_stays_until_an_epoch_is_better_by_two_standard_errors(seed, expected):
    images = np.random.RandomState(seed).randint(0, 256, (60, 4, 4), np.uint8)
    data = ImageData.from_arrays(images)
    held_out = data.parts(0.1).validation.taken() / 255
    errors = []

    def score(epoch, logs):
        output = score.of.model.autoencoder.predict(held_out, verbose=0)
        errors.append(np.square(output - held_out).mean(axis=(1, 2)))

    score.of = keras.callbacks.LambdaCallback(on_epoch_end=score)
    experiment = Experiment("array", (8,), 3, epochs=4, seed=seed, learning_rate=1e-3, mixup=0)
    run = fit_run(experiment, data, callbacks=[score.of])
    best = int(np.argmin([one.mean() for one in errors]))
    basis = fit_pca(data.train, 3, data.parts(0.1).train.rows)
    start = np.square(basis.reconstructions(held_out, 3) - held_out).mean(axis=(1, 2))
    better = start - errors[best]
    clearly = better.mean() > 2 * better.std(ddof=1) / np.sqrt(len(better))
    assert run.metrics["best_epoch"] == (best + 1 if clearly else 0)
    assert (better.mean() > 0, clearly) == expected


@pytest.mark.parametrize(
    ("clip", "decibels"), [(False, 4.44), pytest.param(True, 8.2, marks=pytest.mark.slow)]
)
def test_a_denoiser_beats_its_input_and_reports_the_noise_that_it_met(digits, clip, decibels):
    experiment = dataclasses.replace(
        SMALL, shortcut="pca", sigma=0.6, clip_noise=clip, optimizer="adam", learning_rate=1e-3
    )
    metrics = fit_run(experiment, digits).metrics
    # 10 log10(1 / 0.36) without clipping; clipped, as measured by others on MNIST.
    assert metrics["noisy_psnr"] == pytest.approx(decibels, abs=0.1)
    assert metrics["test_psnr"] > metrics["noisy_psnr"] + 4


@pytest.mark.slow
def test_many_trainings_in_a_process_draw_no_warning_of_tracing(digits, caplog):
    for latent_dim in range(2, 8):
        fit_run(dataclasses.replace(SMALL, latent_dim=latent_dim, epochs=1), digits)
    assert "retracing" not in caplog.text
