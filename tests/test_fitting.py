"""`kerasae.fit`, as Python calls it: into a folder, further, and out of it again."""

import dataclasses
import json

import numpy as np
import pytest

import kerasae
from kerasae.data.datasets import load_dataset
from kerasae.errors import ArtifactError, InvalidSetting
from kerasae.runs.fitting import fit_into
from kerasae.runs.run import Run

TINY = {"hidden_dims": (8,), "latent_dim": 3, "verbose": 0}


@pytest.fixture(scope="module")
def images():
    return np.random.RandomState(0).randint(0, 256, (60, 6, 5)).astype(np.uint8)


def test_a_fit_into_a_folder_can_be_opened_gone_on_with_and_is_not_done_twice(images, tmp_path):
    folder = tmp_path / "run"
    run = kerasae.fit(images, folder=folder, epochs=2, **TINY)
    opened = kerasae.Run(folder)
    assert opened.metrics == run.metrics
    assert opened.experiment == run.experiment
    # All training images where there are fewer than 128, and that is what is recorded.
    assert opened.experiment.batch_size == 16
    np.testing.assert_array_equal(
        opened.model.get_weights()[0], kerasae.open_model(folder).get_weights()[0]
    )
    before = (folder / "model.keras").stat().st_mtime_ns
    assert kerasae.fit(images, folder=folder, epochs=2, **TINY).metrics == run.metrics
    assert (folder / "model.keras").stat().st_mtime_ns == before
    longer = kerasae.fit(images, folder=folder, epochs=3, **TINY)
    assert [row["epoch"] for row in longer.history] == [1, 2, 3]
    assert longer.history[:2] == run.history
    assert longer.metrics["extended_at"] == [2]


def test_a_folder_of_other_settings_or_data_is_refused(images, tmp_path):
    kerasae.fit(images, folder=tmp_path, epochs=1, **TINY)
    record = (tmp_path / "metrics.json").read_bytes()
    with pytest.raises(ArtifactError, match=r"l1: 0\.0 there, 0\.5 here"):
        kerasae.fit(images, folder=tmp_path, epochs=1, l1=0.5, **TINY)
    # Also where nothing is left to train.
    for epochs in (1, 2):
        with pytest.raises(ArtifactError, match="begun with other images"):
            kerasae.fit(255 - images, folder=tmp_path, epochs=epochs, **TINY)
    assert (tmp_path / "metrics.json").read_bytes() == record
    with pytest.raises(InvalidSetting, match="epochs: received 0"):
        kerasae.fit(images, epochs=0, **TINY)


def test_more_epochs_on_images_that_changed_leave_the_finished_run_as_it_was(images, tmp_path):
    path, folder = tmp_path / "images.npy", tmp_path / "run"
    np.save(path, images)
    kerasae.fit(path, folder=folder, epochs=1, **TINY)
    np.save(path, 255 - images)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    for epochs in (1, 2):
        with pytest.raises(ArtifactError, match="begun with other images"):
            kerasae.fit(path, folder=folder, epochs=epochs, **TINY)
    # The command shows what is finished, whatever became of its images.
    run, changed = Run(folder), load_dataset(path)
    experiment = run.experiment
    assert fit_into(folder, experiment, changed, run) is run
    with pytest.raises(ArtifactError, match="begun with other images"):
        fit_into(folder, dataclasses.replace(experiment, epochs=2), changed, run)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_an_array_has_no_test_images_and_a_data_set_and_its_name_have(images, digits):
    metrics = kerasae.fit(images, epochs=1, **TINY).metrics
    assert metrics["test_mse"] is None
    assert metrics["train_mse"] > 0 < metrics["val_mse"]
    experiment = kerasae.Experiment(epochs=1)
    run = kerasae.fit(digits, experiment, **TINY)
    assert run.experiment.dataset == "mnist5k"
    assert run.metrics["test_mse"] > 0
    assert json.loads(json.dumps(run.values()))["architecture"] == "basic"


def test_images_to_validate_by_may_come_with_the_data(images):
    data = kerasae.ImageData("own", images[:40], np.zeros(40, int), images[40:50],
                             np.zeros(10, int), validation=images[50:])  # fmt: skip
    assert [len(part) for part in data.parts(0.5)] == [40, 10, 10]
    run = kerasae.fit(data, epochs=1, **TINY)
    outputs = kerasae.reconstruct(run.model, images[50:])
    errors = np.square(outputs - images[50:] / 255).mean((1, 2))
    assert run.metrics["val_mse"] == pytest.approx(errors.mean(), rel=1e-5)


@pytest.mark.slow
def test_progress_is_printed_as_keras_does_and_only_when_asked_for(images, capfd):
    kerasae.fit(images, epochs=1, **TINY)
    assert capfd.readouterr().out == ""
    seen = []
    import keras

    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: seen.append(dict(logs)))
    kerasae.fit(images, epochs=1, callbacks=[callback], **{**TINY, "verbose": 2})
    assert "val_psnr" in capfd.readouterr().out
    assert {"loss", "mse", "val_mse", "val_psnr"} <= set(seen[0])
