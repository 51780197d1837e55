"""Folders of runs that somebody has tampered with; `CASES` lists them.

A case returns the folder to evaluate. The run that all begin with needs no Keras to be made.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from hostile import Case, Cases
from model_parts import good_config, members, pack

from kerasae.experiment import Experiment

SETTINGS = Experiment("mnist5k", (7, 6), 3)
CASES = Cases()


def run_folder(place) -> Path:
    folder = place.folder / "[red]run"
    folder.mkdir()
    (folder / "experiment.json").write_text(json.dumps(SETTINGS.to_dict()))
    (folder / "metrics.json").write_text("{}")
    config = good_config()
    config["config"]["layers"][0]["config"]["batch_shape"] = [None, 2, 2]
    pack(place, members(config)).rename(folder / "model.keras")
    return folder


def tampered(reason: str):
    """Adds a function that changes a run's folder; it may return another one."""

    def append(change: Callable[[Path], Path | None]):
        def make(place):
            folder = run_folder(place)
            return change(folder) or folder

        CASES.append(Case(change.__name__, make, reason))
        return change

    return append


def write_settings(folder: Path, text: str = "", **changes: object) -> None:
    settings = {**SETTINGS.to_dict(), **changes}
    (folder / "experiment.json").write_text(text or json.dumps(settings))


@tampered("experiment.json: cannot be read .No such file")
def no_settings(folder):
    (folder / "experiment.json").unlink()


@tampered("experiment.json: .*not JSON")
def empty_settings(folder):
    (folder / "experiment.json").write_text("")


@tampered("experiment.json: .*nested deeper")
def deep_settings(folder):
    write_settings(folder, "[" * 50_000)


@tampered("experiment.json: has 70,0.. bytes")
def endless_settings(folder):
    write_settings(folder, " " * 70_000)


@tampered("experiment.json: is a pipe")
def pipe_as_settings(folder):
    (folder / "experiment.json").unlink()
    os.mkfifo(folder / "experiment.json")


@tampered("experiment.json: .*symbolic links")
def settings_elsewhere(folder):
    (folder / "experiment.json").rename(folder / "other.json")
    (folder / "experiment.json").symlink_to("other.json")


@tampered("unknown setting 'hook'")
def unknown_setting_of_a_run(folder):
    write_settings(folder, hook="x")


@tampered("weights or more")
def million_hidden_units(folder):
    write_settings(folder, hidden_dims=[10**6])


@tampered("activation: received")
def bytecode_as_activation(folder):
    write_settings(folder, activation={"class_name": "__lambda__", "config": {"value": "AAAA"}})


@tampered("expected a list of at most 100")
def a_million_hidden_layers(folder):
    write_settings(folder, hidden_dims=[1] * 20_000)


@tampered("model.keras: cannot be read .No such file")
def no_model(folder):
    (folder / "model.keras").unlink()


@tampered("model.keras: is a directory")
def directory_as_the_model(folder):
    (folder / "model.keras").unlink()
    (folder / "model.keras").mkdir()


@tampered("model.keras: is a pipe")
def pipe_as_the_model(folder):
    (folder / "model.keras").unlink()
    os.mkfifo(folder / "model.keras")


@tampered("model.keras: does not end like a zip")
def cut_model(folder):
    path = folder / "model.keras"
    path.write_bytes(path.read_bytes()[:-10])


@tampered("model.keras: .*symbolic links")
def model_elsewhere(folder):
    (folder / "model.keras").rename(folder / "other")
    (folder / "model.keras").symlink_to("other")


@tampered("is a symbolic link; name the folder")
def linked_folder(folder):
    link = folder.with_name("link")
    link.symlink_to(folder, target_is_directory=True)
    return link


@tampered("there is no model|is not a folder|No such file")
def folder_of_no_run(folder):
    shutil.rmtree(folder)
    return folder
