"""Checkpoints, and runs that go on from them."""

import dataclasses
import hashlib
import json
import math
import os
import types
import warnings

import keras
import numpy as np
import pytest

from kerasae.errors import ArtifactError
from kerasae.experiment import Experiment
from kerasae.identity import Identity
from kerasae.runs.fitting import fit_run
from kerasae.training import state
from kerasae.training.best_epoch import BestEpoch
from kerasae.training.checkpoints import Checkpoints, read_checkpoint

RUN = Experiment(
    "mnist5k",
    (16,),
    4,
    epochs=4,
    batch_size=50,
    dropout=0.2,
    sigma=0.3,
    shift=1,
    mixup=0.5,
    patience=2,
)
TIMES = {"seconds", "train_seconds", "images_per_second"}


class Cut(Exception):
    """Ends a run in its middle."""


def cut_after(epochs):
    def stop(epoch, logs):
        if epoch == epochs:
            raise Cut

    return stop


def train_in_two_parts(experiment, data, folder, epochs):
    with pytest.raises(Cut):
        fit_run(experiment, data, folder=folder, on_epoch=cut_after(epochs))
    # The run that goes on in another process knows nothing of what this one has drawn.
    keras.utils.set_random_seed(epochs)
    return fit_run(experiment, data, folder=folder)


def assert_equal_runs(one, other):
    assert one.history == other.history
    for ours, theirs in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
    untimed = [{k: v for k, v in run.metrics.items() if k not in TIMES} for run in (one, other)]
    assert untimed[0] == untimed[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "epochs"),
    [
        ({}, 3),
        pytest.param(
            {"optimizer": "sgd", "shortcut": None, "validation_split": 0.0, "patience": None},
            1,
            marks=pytest.mark.full,
        ),
        # A rate at which the first epoch stays the best one.
        pytest.param({"learning_rate": 3.0}, 1, marks=pytest.mark.full),
    ],
)
def test_a_run_in_two_parts_is_the_run_in_one(digits, tmp_path, changes, epochs):
    experiment = dataclasses.replace(RUN, **changes)
    whole = fit_run(experiment, digits)
    assert len(whole.history) > epochs
    assert_equal_runs(train_in_two_parts(experiment, digits, tmp_path, epochs), whole)


@pytest.mark.parametrize(
    ("writing", "saved"), [(1, [1, 11, 21, 31]), (10, [1, 31]), (0.01, [*range(1, 36)])]
)
def test_writing_takes_a_tenth_of_the_time(monkeypatch, writing, saved):
    # Epochs of a second; after a write of a second, the next one is due ten seconds later, and
    # half a minute after one of ten.
    now, written = [0.0], []

    class SlowDisk:
        def save(self, epochs, state, arrays):
            written.append(epochs)
            now[0] += writing

    monkeypatch.setattr(state, "time", types.SimpleNamespace(perf_counter=lambda: now[0]))
    network = types.SimpleNamespace(variables=[])
    trainer = types.SimpleNamespace(autoencoder=network, optimizer=network)
    best = types.SimpleNamespace(state=lambda epochs: ({}, []))
    throughput = types.SimpleNamespace(train_seconds=0.0)
    callback = state.TrainingState(trainer, throughput, best, SlowDisk(), 0.0)
    callback.set_params({"epochs": 100})
    callback.set_model(types.SimpleNamespace(stop_training=False))
    for epoch in range(35):
        callback.on_epoch_begin(epoch)
        now[0] += 1
        callback.on_epoch_end(epoch)
        # The write is over before the next epoch ends.
        callback._wait()
    assert written == saved


class Overwrites(keras.callbacks.Callback):
    """Puts other weights in place when the training ends, as Keras' `EarlyStopping` may."""

    def on_train_end(self, logs=None):
        network = self.model.autoencoder
        network.set_weights([0 * weight for weight in network.get_weights()])


@pytest.mark.slow
def test_the_last_checkpoint_is_that_of_the_last_epoch(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(state, "PAUSES", math.inf)
    short = dataclasses.replace(RUN, epochs=3, patience=None)
    long = dataclasses.replace(short, epochs=4)
    found = []
    for name, callbacks in (("plain", []), ("overwritten", [Overwrites()])):
        place = tmp_path / name
        fit_run(short, digits, folder=place, more_epochs=True, callbacks=callbacks)
        found.append(fit_run(long, digits, folder=place, more_epochs=True))
    assert_equal_runs(*found)


class CutInside(keras.callbacks.Callback):
    """Ends a run within its third epoch."""

    def on_train_batch_end(self, batch, logs=None):
        if len(self.model.history.epoch) == 2:
            raise Cut


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "saved"),
    [({"on_epoch": cut_after(3)}, [1, 3]), ({"callbacks": [CutInside()]}, [1])],
)
def test_of_quick_epochs_the_first_and_the_last_whole_one_are_saved(
    digits, tmp_path, monkeypatch, options, saved
):
    experiment = dataclasses.replace(RUN, patience=None)
    whole = fit_run(experiment, digits)
    monkeypatch.setattr(state, "PAUSES", math.inf)
    with pytest.raises(Cut):
        fit_run(experiment, digits, folder=tmp_path, **options)
    names = sorted(path.name for path in tmp_path.glob("checkpoint-*"))
    assert names == [f"checkpoint-{epoch:06d}" for epoch in saved]
    assert_equal_runs(fit_run(experiment, digits, folder=tmp_path), whole)


@pytest.mark.slow
def test_a_run_that_had_ended_scores_its_best_epoch_again(digits, tmp_path):
    experiment = dataclasses.replace(RUN, epochs=12, learning_rate=3.0, patience=1, shift=0)
    first = fit_run(experiment, digits, folder=tmp_path, more_epochs=True)
    assert first.metrics["epochs"] < experiment.epochs
    assert_equal_runs(fit_run(experiment, digits, folder=tmp_path, more_epochs=True), first)


@pytest.mark.full
def test_more_epochs_go_on_with_the_schedule_of_the_new_total(digits, tmp_path):
    short = dataclasses.replace(RUN, epochs=2, patience=None, shift=0, sigma=0.0)
    long = dataclasses.replace(short, epochs=3)
    fit_run(short, digits, folder=tmp_path, more_epochs=True)
    with pytest.raises(ArtifactError, match="epochs: 2 there, 3 here"):
        fit_run(long, digits, folder=tmp_path)
    run = fit_run(long, digits, folder=tmp_path, more_epochs=True)
    assert [row["epoch"] for row in run.history] == [1, 2, 3]
    assert run.metrics["extended_at"] == [2]
    with pytest.raises(ArtifactError, match="epochs: 3 there, 2 here"):
        fit_run(short, digits, folder=tmp_path)


def test_patience_is_that_of_keras():
    values = [0.5, 0.4, 0.45, 0.39, 0.39, 0.41, 0.2]
    ours, theirs = [], []
    for callback, stops, model in _both():
        for epoch, value in enumerate(values):
            model.set_weights([np.full(w.shape, epoch) for w in model.get_weights()])
            callback.on_epoch_end(epoch, {"val_mse": value})
            stops.append(model.stop_training)
        if isinstance(callback, BestEpoch):
            callback.restore_best_weights()
        else:
            callback.on_train_end()
        stops.append(model.get_weights()[0].tolist())
        (ours if isinstance(callback, BestEpoch) else theirs).extend(stops)
    assert ours == theirs


def _both():
    for make in (
        lambda model: BestEpoch(model, "val_mse", math.inf, 2),
        lambda model: keras.callbacks.EarlyStopping(
            "val_mse", patience=2, mode="min", restore_best_weights=True
        ),
    ):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.stop_training = False
        callback = make(model)
        callback.set_model(model)
        callback.on_train_begin()
        yield callback, [], model


def state_after(epochs):
    """What a checkpoint holds besides arrays, of a run of so many epochs."""
    rows = [{"epoch": one, "mse": 0.1, "val_mse": 0.1 * one} for one in range(1, epochs + 1)]
    best = {"epoch": 1, "mse": 0.1, "wait": 0, "stopped": False}
    return {
        "history": rows, "extended_at": [], "seconds": 1.5, "throughput": [epochs, 1.0],
        "best": best,
    }  # fmt: skip


@pytest.fixture
def three(tmp_path):
    """A folder with the two newest of three checkpoints."""
    checkpoints = Checkpoints(tmp_path / "run", Identity(RUN, ("0f",)))
    for epochs in (1, 2, 3):
        arrays = {"a": np.full((2, 3), epochs, "f4"), "step": np.array(epochs, "i8")}
        checkpoints.save(epochs, state_after(epochs), arrays)
    return checkpoints, tmp_path / "run"


def test_a_checkpoint_comes_back_bit_for_bit_and_two_are_kept(three):
    checkpoints, folder = three
    assert sorted(p.name for p in folder.iterdir()) == ["checkpoint-000002", "checkpoint-000003"]
    found = checkpoints.latest()
    assert found.epochs == 3
    assert found.state == state_after(3)
    assert found.arrays["a"].tolist() == [[3.0] * 3] * 2
    assert found.arrays["step"].shape == ()
    checkpoints.clear(keep=1)
    assert [p.name for p in folder.iterdir()] == ["checkpoint-000003"]


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "spoil",
    [
        flip,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-7]),
        lambda path: path.write_bytes(path.read_bytes() + b"x"),
    ],
)
def test_a_damaged_checkpoint_falls_back_with_a_warning(three, spoil):
    checkpoints, folder = three
    spoil(folder / "checkpoint-000003")
    with pytest.warns(UserWarning, match="checkpoint-000003: is damaged"):
        assert checkpoints.latest().epochs == 2
    spoil(folder / "checkpoint-000002")
    with pytest.warns(UserWarning, match="checkpoint-00000[23]"):
        assert checkpoints.latest() is None


def _crafted(path, *keys_and_value):
    """Puts another value into a checkpoint, whose checksum is then right."""
    *keys, last, value = keys_and_value
    first, _, arrays = path.read_bytes()[:-32].partition(b"\n")
    header = json.loads(first)
    place = header
    for key in keys:
        place = place[key]
    place[last] = value
    body = json.dumps(header).encode() + b"\n" + arrays
    path.write_bytes(body + hashlib.sha256(body).digest())


@pytest.mark.parametrize(
    "where",
    [
        ("epochs",), ("epochs", None), ("belongs_to", []), ("belongs_to", "data_md5", 5),
        ("belongs_to", "experiment", "l1", {}), ("belongs_to", "code", 10**300), ("state", [1]),
        ("state", "history", None), ("state", "history", []), ("state", "history", 0, "epoch", "1"),
        ("state", "history", 0, "mse", 10**300), ("state", "history", 1, "other", 1.0),
        ("state", "extended_at", [0.5]), ("state", "seconds", True), ("state", "best", "mse", "x"),
        ("state", "throughput", [3]), ("state", "best", {}), ("arrays", [["a", "|O8", [6]]]),
        ("arrays", [["a", "<f4", [-1]]]), ("arrays", [["a", "<f4", [10**18]]]), ("arrays", 5),
    ],
)  # fmt: skip
def test_a_checkpoint_of_another_shape_falls_back_with_a_warning(three, where):
    checkpoints, folder = three
    newest = folder / "checkpoint-000003"
    if len(where) == 1:
        body = b"[1]\n"
        newest.write_bytes(body + hashlib.sha256(body).digest())
    else:
        _crafted(newest, *where)
    with pytest.warns(UserWarning, match="checkpoint-000003: is no checkpoint of this version"):
        assert checkpoints.latest().epochs == 2


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"a": (2, 2), "step": ()}, r"a is of the shape \(2, 2\), the network's is \(2, 3\)"),
        ({"a": (2, 3)}, r"step is of the shape None, the network's is \(\)"),
        ({"a": (2, 3), "step": (), "b": (1,)}, r"b is of the shape \(1,\), the network's is None"),
        ({"a": (2, 3), "step": (), "best/0": (1, 3)}, "best/0 is of the shape"),
        ({"a": (2, 3), "step": (), "best/1": (2, 3)}, "best/0 is of the shape None"),
    ],
)
def test_a_checkpoint_of_another_network_falls_back_with_a_warning(three, arrays, reason):
    checkpoints, _ = three
    shapes = {"a": (2, 3), "step": (), "best/0": (2, 3)}
    checkpoints.save(4, state_after(4), {name: np.zeros(one) for name, one in arrays.items()})
    with pytest.warns(UserWarning, match=f"checkpoint-000004: {reason}"):
        assert checkpoints.latest(shapes).epochs == 3
    checkpoints.save(5, state_after(5), {name: np.zeros(one) for name, one in shapes.items()})
    assert checkpoints.latest(shapes).epochs == 5


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to(path.with_name("kept"))])
def test_a_checkpoint_that_is_no_file_of_ours_is_not_opened(three, make):
    checkpoints, folder = three
    newest = folder / "checkpoint-000003"
    newest.rename(folder / "kept")
    make(newest)
    with pytest.warns(UserWarning, match="checkpoint-000003"):
        assert checkpoints.latest().epochs == 2


def test_what_a_killed_process_left_unfinished_is_removed(three):
    checkpoints, folder = three
    (folder / ".new-abc").write_bytes(b"half")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert checkpoints.latest().epochs == 3
    assert not (folder / ".new-abc").exists()


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (Identity(dataclasses.replace(RUN, l1=0.5), ("0f",)), "l1: 0.0 there, 0.5 here"),
        (Identity(RUN, ("1e",)), "data_md5"),
        (Identity(RUN, ("0f",), code=0), "code: "),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(three, other, difference):
    _, folder = three
    for shapes in (None, {"a": (9,)}):
        with pytest.raises(ArtifactError, match=difference):
            Checkpoints(folder, other, more_epochs=True).latest(shapes)


def test_a_checkpoint_of_a_later_version_is_refused(three):
    _, folder = three
    path = folder / "checkpoint-000003"
    with pytest.raises(ArtifactError, match="cannot be read"):
        read_checkpoint(folder / "checkpoint-000009")
    assert read_checkpoint(path).epochs == 3
