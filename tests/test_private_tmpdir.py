"""Temporary files are in a folder of the process, which goes with it."""

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from kerasae.files.private_tmpdir import private_tmpdir, shared_tmpdir

HOLD = """
import os, subprocess, sys, tempfile
from kerasae.files.private_tmpdir import private_tmpdir
with private_tmpdir():
    print(tempfile.gettempdir(), flush=True)
    sys.stdin.readline()
    code = "import tempfile; tempfile.mkstemp(); print(tempfile.gettempdir())"
    subprocess.run([sys.executable, "-c", code])
"""


def holding(folder):
    """A process that has a folder in `folder`, and where that is."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], env={**os.environ, "TMPDIR": str(folder)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    return process, process.stdout.readline().strip()


def test_what_it_starts_has_the_same_folder_and_nothing_is_left(tmp_path):
    process, place = holding(tmp_path)
    assert os.listdir(tmp_path) == [os.path.basename(place)]
    assert process.communicate("\n")[0].strip() == place
    assert os.listdir(tmp_path) == []


def test_the_folder_of_a_killed_process_goes_at_the_next_start_and_no_other(tmp_path):
    for name in ("kerasae-tmp-mine", "kerasae-tmp-12345678", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "kerasae-tmp-abcdefgh").symlink_to(tmp_path / "other")
    (tmp_path / "other/.kerasae-tmp.lock").write_text("")
    before = {*os.listdir(tmp_path)}
    killed, _ = holding(tmp_path)
    alive, place = holding(tmp_path)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert len({*os.listdir(tmp_path)} - before) == 2
    third, _ = holding(tmp_path)
    third.communicate("\n")
    assert {*os.listdir(tmp_path)} - before == {os.path.basename(place)}
    assert alive.communicate("\n")[0].strip() == place
    assert {*os.listdir(tmp_path)} == before


def test_the_folder_of_all_programs_is_known_inside(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)
    with private_tmpdir():
        assert tempfile.gettempdir().startswith(f"{tmp_path}/kerasae-tmp-")
        assert shared_tmpdir() == tmp_path
    assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(tmp_path)
    assert "RAY_TMPDIR" not in os.environ


def test_without_a_folder_to_make_one_in_the_block_is_run(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with private_tmpdir():
        assert not (tmp_path / "missing").exists()


@pytest.mark.slow
def test_a_fit_leaves_no_temporary_files_killed_or_not(tmp_path):
    folder, out = tmp_path / "tmp", tmp_path / "run"
    folder.mkdir()
    words = ("fit", "--dataset", "mnist5k", "--hidden-dims", "8", "--latent-dim", "2")
    command = [sys.executable, "-m", "kerasae_cli.main", *words, "--epochs", "2"]
    environment = {**os.environ, "TMPDIR": str(folder)}
    process = subprocess.Popen(
        [*command, "--out", str(out)], env=environment, text=True, stderr=subprocess.PIPE
    )
    for line in process.stderr:
        if "starting TensorFlow" in line or "compiling" in line:
            break
    process.kill()
    process.communicate()
    assert os.listdir(folder)
    done = subprocess.run([*command, "--out", str(tmp_path / "again")], env=environment)
    assert done.returncode == 0
    assert os.listdir(folder) == []
