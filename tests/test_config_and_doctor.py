"""Options from files, the installation's report, and how errors end."""

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from kerasae_cli.config_file import read_config, run_options, toml_text
from kerasae_cli.settings import flags_of, read, written

import kerasae
from kerasae.errors import DataError, InvalidSetting
from kerasae.experiment import Experiment
from kerasae.files.shapes import fields_of
from kerasae.files.whole_files import write_json
from kerasae.presets import denoiser, long_run, novelty_detector
from kerasae.runs import run_files
from kerasae.runs.record import RunRecord
from kerasae.studies.anomaly import AnomalyStudy
from kerasae.trials.grid import Sweep

ROOT = Path(__file__).parents[1]


def cli(*words, cwd=None):
    command = [sys.executable, "-m", "kerasae_cli.main", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


@pytest.mark.parametrize(
    "experiment",
    [
        Experiment('a "b\\c" \t ü', (5, 4), shortcut=None, image_size=(3, 9), grayscale=True),
        Experiment("\U000e0001 \U0001f600 \x7f \u2028 \uffff"),
        Experiment(sigma=0.5, clip_noise=True, learning_rate=1e-5),
    ],
)
def test_what_is_written_for_a_run_is_read_back(tmp_path, experiment):
    options = run_options(experiment)
    (tmp_path / "c.toml").write_text(toml_text("fit", options), encoding="utf-8")
    known = {"fit": {flag: flag for flag in options}}
    given = {name: value for name, value in options.items() if value is not None}
    assert read_config(tmp_path / "c.toml", known) == {"fit": given}


@pytest.mark.parametrize("text", ["a" + ".a" * 30_000 + "=1", "a=" + "[" * 60_000, "a" * 70_000])
def test_a_config_file_that_takes_long_to_parse_is_refused_at_once(tmp_path, text):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(DataError, match=r"more than 200 dots|recursion|at most 65,536"):
        read_config(tmp_path / "c.toml", {"fit": {"epochs": "epochs"}})


def test_a_name_that_toml_cannot_hold_is_refused():
    with pytest.raises(InvalidSetting, match=r"dataset: .*a name that is text"):
        toml_text("fit", run_options(Experiment("a\udc80")))


@pytest.mark.parametrize(
    ("text", "error", "reason"),
    [
        ("[fit", DataError, "cannot be read"),
        ("[fly]", InvalidSetting, "received 'fly'"),
        ("epochs = 1", InvalidSetting, "received 'epochs'"),
        ("[fit]\nepoch = 1", InvalidSetting, "received 'epoch'"),
        ("[fit.epochs]", InvalidSetting, "received 'epochs'"),
    ],
)
def test_a_file_of_other_things_is_refused_in_one_line(tmp_path, text, error, reason):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(error, match=reason):
        read_config(tmp_path / "c.toml", {"fit": {"epochs": "epochs"}})


@pytest.mark.full
def test_the_command_line_goes_over_the_file_and_a_run_can_be_repeated(tmp_path):
    text = '[fit]\ndataset = "mnist5k"\nepochs = 1\nlatent-dim = 2\nhidden_dims = "4"\n'
    (tmp_path / "c.toml").write_text(text)
    words = ["--config", "c.toml", "fit", "--latent-dim", 3, "--quiet", "--json", "--out"]
    done = cli(*words, "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    settings = json.loads((tmp_path / "run" / run_files.EXPERIMENT).read_text())
    assert [settings[name] for name in ("epochs", "latent_dim", "hidden_dims")] == [1, 3, [4]]
    printed = cli("config", "run", cwd=tmp_path).stdout
    (tmp_path / "again.toml").write_text(printed)
    done = cli("fit", "--config", "again.toml", "--quiet", "--out", "again", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "again" / run_files.EXPERIMENT).read_text()) == settings


def test_a_runs_options_name_its_images_from_whatever_folder(tmp_path):
    write_json(tmp_path / "run" / run_files.EXPERIMENT, Experiment("mine/").to_dict())
    record = RunRecord(dataset=str(tmp_path / "mine"))
    write_json(tmp_path / "run" / run_files.RUN, record.to_dict())
    printed = cli("config", "run", cwd=tmp_path).stdout
    assert tomllib.loads(printed)["fit"]["dataset"] == str(tmp_path / "mine")


@pytest.mark.parametrize("command", ["sweep", "fit", "denoise", "overfit", "anomaly"])
def test_a_commands_options_are_printed_as_toml_that_can_be_fed_back(tmp_path, command):
    printed = cli("config", command).stdout
    found = tomllib.loads(printed)[command]
    expected = {"sweep": "15,30,50,100", "fit": 30, "denoise": 128, "overfit": 100}
    if command in expected:
        assert found["latent-dims" if command == "sweep" else "latent-dim"] == expected[command]
    assert "# epochs =" in printed
    (tmp_path / "c.toml").write_text(printed.replace('dataset = "mnist"', 'dataset = "nowhere"'))
    done = cli(command, "--config", tmp_path / "c.toml", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "dataset: received 'nowhere'" in done.stderr


@pytest.mark.parametrize(
    ("command", "bases"),
    [
        ("denoise", [denoiser("mnist"), denoiser("photos"), denoiser("mnist5k")]),
        ("overfit", [long_run("mnist"), long_run("fashion_mnist")]),
        ("anomaly", [
            novelty_detector(name, one_novel=one)
            for name in ("mnist", "photos") for one in (True, False)
        ]),
    ],
)  # fmt: skip
def test_what_follows_from_data_or_protocol_is_a_comment(command, bases):
    found = tomllib.loads(cli("config", command).stdout)[command]
    for name, field in fields_of(Experiment).items():
        if len({getattr(base, name) for base in bases}) > 1 and name != "dataset":
            assert flags_of(field)[0].removeprefix("--") not in found


@pytest.mark.parametrize("command", ["fit", "sweep"])
def test_every_setting_has_its_option_help_and_default_from_its_declaration(command):
    shown = " ".join(cli(command, "--help").stdout.split())
    printed = tomllib.loads(re.sub(r"(?m)^# (\S+ = \S)", r"\1", cli("config", command).stdout))
    varied = Sweep.varies if command == "sweep" else ()
    for name, field in fields_of(Experiment).items():
        if name not in varied:
            (flag, *_) = flags_of(field)[0].split("/")
            assert flag in shown
            assert " ".join(field.help.removesuffix(".").split()) in shown
            if field.default is not None and name != "epochs":
                assert printed[command][flag.removeprefix("--")] == written(field, field.default)


def test_a_list_of_names_that_is_empty_is_read_back_as_such():
    classes = fields_of(AnomalyStudy)["classes"]
    assert read(classes, written(classes, ())) == ()
    assert read(classes, "1,8") == ("1", "8")


def test_the_help_shows_what_a_command_does_by_itself():
    def shown(command):
        return " ".join(cli(command, "--help").stdout.split())

    assert "[default: 512 on MNIST, else chosen for the data]" in shown("denoise")
    assert "[default: 0.6]" in shown("denoise")
    assert "<int range>" not in shown("score")
    assert "[default: 30]" in shown("fit")


def test_a_narrow_terminal_wraps_what_commands_are_for(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    _, _, summaries = cli("--help").stdout.partition("Train:")
    assert max(map(len, summaries.splitlines())) <= 60
    assert "Compare learning rates and find the best." in " ".join(summaries.split())
    assert "..." not in summaries


def test_the_doctor_finds_the_digits_and_prints_json_alone(tmp_path):
    done = cli("doctor", "--data-dir", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["data"]["mnist5k"].startswith("4,500 training and 500 test")
    assert found["data"]["mnist"].startswith("not found")
    assert "CPU" in found["devices"]
    expected = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(found["extras"]) == set(expected["optional-dependencies"]) - {"all", "dev", "docs"}
    for text in found["extras"].values():
        assert re.match(r"not installed \([\w-]+\)|[\w-]+ \d", text)


def test_only_debug_shows_a_traceback():
    plain, debug = (cli(*words, "config", "nowhere") for words in ([], ["--debug"]))
    assert (plain.returncode, debug.returncode) == (2, 2)
    assert len(plain.stderr.splitlines()) == 1
    assert "Traceback" in debug.stderr


def test_the_version_is_that_of_the_package():
    done = cli("--version")
    assert done.returncode == 0
    assert done.stdout == f"kerasae {importlib.metadata.version('kerasae')}\n"


def test_the_command_runs_as_a_module():
    command = [sys.executable, "-m", "kerasae", "--version"]
    assert subprocess.check_output(command, text=True) == f"kerasae {kerasae.__version__}\n"


def test_all_installs_every_extra_for_users():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = set(re.fullmatch(r"kerasae\[(.+)\]", *extras["all"])[1].split(","))
    assert named == set(extras) - {"all", "dev", "docs"}
