"""In which precision trainings are computed, and that begun ones stay with theirs."""

import contextlib
import dataclasses
import functools
import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from commands import command

import kerasae
from kerasae.data.image_data import ImageData
from kerasae.environment import environment, instruction_set, processor_flags
from kerasae.errors import ArtifactError, KerasAEWarning
from kerasae.experiment import Experiment
from kerasae.precision import chosen_precision, slowness
from kerasae.runs.fitting import check_begun
from kerasae.studies.overfitting import OverfitStudy
from kerasae.studies.run_study import as_begun
from kerasae.trials.grid import Sweep

SAPPHIRE_RAPIDS = {"avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_tile"}
TINY = {"hidden_dims": (8,), "latent_dim": 3, "verbose": 0, "epochs": 3, "dropout": 0.1}
IMAGES = np.random.RandomState(0).randint(0, 256, (60, 6, 5)).astype(np.uint8)


@pytest.mark.parametrize(
    ("flags", "pixels", "hidden", "batch", "expected"),
    [
        (SAPPHIRE_RAPIDS, 784, (256,), 128, "bfloat16"),
        (SAPPHIRE_RAPIDS, 784, (1000, 500, 250), 512, "bfloat16"),
        (SAPPHIRE_RAPIDS, 64, (1024, 512), 128, "float32"),
        (SAPPHIRE_RAPIDS, 784, (128,), 128, "float32"),
        (SAPPHIRE_RAPIDS, 784, (), 128, "float32"),
        (SAPPHIRE_RAPIDS, 784, (256,), 64, "float32"),
        ({"avx2", "avx512f", "avx512_bf16"}, 784, (1024, 512), 128, "bfloat16"),
        ({"avx2", "avx512f"}, 784, (1024, 512), 128, "float32"),
        (set(), 784, (1024, 512), 512, "float32"),
    ],
)
def test_the_rule_takes_bfloat16_where_it_was_measured_to_be_faster(
    flags, pixels, hidden, batch, expected
):
    assert chosen_precision(flags, pixels, hidden, batch) == expected


def test_one_model_on_several_threads_takes_bfloat16_from_wider_layers_on():
    rule = functools.partial(chosen_precision, SAPPHIRE_RAPIDS, 784, batch_size=128)
    assert rule((256,), threads=2) == rule((511,), threads=8) == "float32"
    assert rule((512,), threads=2) == rule((256,), threads=1) == "bfloat16"


def test_a_fit_asks_the_rule_with_its_threads_and_a_sweep_with_one(monkeypatch):
    monkeypatch.setattr("kerasae.experiment.processor_flags", lambda: SAPPHIRE_RAPIDS)
    monkeypatch.setattr("kerasae.runs.fitting.cores", lambda: 2)
    data = ImageData.from_arrays(np.zeros((1300, 28, 28), np.uint8), name="tiny")
    asked = Experiment("tiny", (256,), batch_size=128)
    found = [
        check_begun(Path("none"), asked, data, None, threads).precision for threads in (1, None)
    ]
    assert found == ["bfloat16", "float32"]
    assert Sweep(asked, networks=((256,),)).resolved(data).base.precision == "bfloat16"


def test_bfloat16_is_called_slow_where_there_is_no_hardware_for_it():
    assert "is slow here" in slowness("bfloat16", {"avx2"})
    assert slowness("bfloat16", {"avx512_bf16"}) is None
    assert slowness("float32", {"avx2"}) is None


def test_the_instruction_set_is_the_best_of_what_the_processor_has():
    assert instruction_set(SAPPHIRE_RAPIDS) == "amx_bf16"
    assert instruction_set(SAPPHIRE_RAPIDS - {"amx_bf16", "avx512_bf16"}) == "avx512f"
    assert instruction_set({"asimd", "fp"}) == "asimd"
    assert instruction_set(set()) is None


def test_a_sweep_has_one_precision_for_all_of_its_trials():
    images = np.zeros((1300, 28, 28), np.uint8)
    data = ImageData.from_arrays(images, name="tiny")
    sweep = Sweep(Experiment("tiny"), networks=((8,), (256,)), latent_dims=(2, 3)).resolved(data)
    assert {trial.experiment.precision for trial in sweep.trials()} == {"float32"}
    # Of the larger network alone, the rule would say something else where there is hardware.
    alone = dataclasses.replace(sweep.base, precision=None, hidden_dims=(256,))
    rule = chosen_precision(processor_flags(), 784, (256,), 117)
    assert data.resolved(alone).precision == rule
    asked = Sweep(Experiment("tiny", precision="bfloat16")).resolved(data)
    assert asked.base.precision == "bfloat16"


class _Killed(Exception):
    """Stands for whatever ends a process."""


def killed_after_an_epoch(folder, **settings):
    def leave(epoch, logs):
        if epoch == 1:
            raise _Killed

    callback = keras.callbacks.LambdaCallback(on_epoch_begin=leave)
    with pytest.raises(_Killed):
        kerasae.fit(IMAGES, folder=folder, callbacks=[callback], **TINY, **settings)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:bfloat16 is slow here")
def test_a_resumed_run_goes_on_in_its_precision_to_the_bit(tmp_path):
    whole = kerasae.fit(IMAGES, folder=tmp_path / "whole", precision="bfloat16", **TINY)
    killed_after_an_epoch(tmp_path / "run", precision="bfloat16")
    with pytest.raises(ArtifactError, match="precision: bfloat16 there, float32 here"):
        kerasae.fit(IMAGES, folder=tmp_path / "run", precision="float32", **TINY)
    resumed = kerasae.fit(IMAGES, folder=tmp_path / "run", **TINY)
    assert resumed.experiment.precision == "bfloat16"
    assert resumed.history == whole.history
    pairs = zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)


def test_a_run_in_bfloat16_warns_once_and_leaves_a_model_of_float32(tmp_path):
    place = tmp_path / "run"
    line = slowness("bfloat16", processor_flags())
    with pytest.warns(KerasAEWarning, match=line) if line else contextlib.nullcontext() as warned:
        run = kerasae.fit(IMAGES, folder=place, precision="bfloat16", **TINY)
    told = [str(one.message) for one in warned or () if one.category is KerasAEWarning]
    assert told == ([line] if line else [])
    plain = kerasae.fit(IMAGES, **TINY)
    ours, others = run.history[-1]["loss"], plain.history[-1]["loss"]
    assert ours == pytest.approx(others, rel=0.02)
    assert ours != others
    record = json.loads((place / "run.json").read_text())
    assert record["instructions"] == environment()["instructions"]
    assert record["way"] == "products by oneDNN, the rest by XLA"
    with zipfile.ZipFile(place / "model.keras") as archive:
        assert b"bfloat16" not in archive.read("config.json")
    assert {str(array.dtype) for array in run.model.get_weights()} <= {"float32", "uint32"}
    assert keras.config.dtype_policy().name == "float32"


def test_a_run_from_before_is_one_in_float32_and_goes_on(tmp_path):
    killed_after_an_epoch(tmp_path)
    for name, keys in (("experiment.json", ["precision"]), ("run.json", ["instructions", "way"])):
        content = json.loads((tmp_path / name).read_text())
        for key in keys:
            del content[key]
        (tmp_path / name).write_text(json.dumps(content))
    assert kerasae.Run(tmp_path).experiment.precision == "float32"
    assert kerasae.fit(IMAGES, folder=tmp_path, **TINY).experiment.precision == "float32"


def test_a_run_that_was_computed_otherwise_is_refused_and_left_as_it_is(tmp_path):
    killed_after_an_epoch(tmp_path)
    path = tmp_path / "run.json"
    record = json.loads(path.read_text())
    for key in ("instructions", "way"):
        path.write_text(json.dumps({**record, key: "other"}))
        before = {one: one.read_bytes() for one in tmp_path.iterdir()}
        with pytest.raises(
            ArtifactError, match=r"\(other there, .* here\), which gives other bits"
        ):
            kerasae.fit(IMAGES, folder=tmp_path, **TINY)
        assert {one: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_a_study_stays_in_the_precision_of_its_plan(tmp_path):
    study = OverfitStudy(Experiment("tiny"))
    assert as_begun(study, "overfit", tmp_path).base.precision is None
    for base, expected in (({}, "float32"), ({"precision": "bfloat16"}, "bfloat16")):
        plan = {"study": "overfit", "settings": {"base": {"dataset": "tiny", **base}}}
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        assert as_begun(study, "overfit", tmp_path).base.precision == expected


def test_an_unknown_precision_is_refused_in_a_line():
    done = command("fit", "--dataset", "mnist5k", "--precision", "float16")
    assert done.code == 2
    assert (
        "precision: received 'float16'; expected one of float32, bfloat16, or none" in done.stderr
    )
    assert len(done.stderr.splitlines()) == 1
