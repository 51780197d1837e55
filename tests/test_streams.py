"""The command line where the terminal is narrow, poor in letters, or gone."""

import os
import subprocess
import sys

import pytest

SWEEP = ["sweep", "--dataset", "mnist5k", "--latent-dims", "2", "--hidden-dims", "4"]
COMMAND = [sys.executable, "-m", "kerasae_cli.main"]


def run(words, shell="", **environment):
    """Runs the command; `shell` is what follows it on a command line."""
    line = ["sh", "-c", f'"$@" {shell}', "sh", *COMMAND, *words]
    return subprocess.run(line, capture_output=True, env={**os.environ, **environment})


@pytest.mark.full
def test_a_narrow_terminal_without_unicode_still_gets_its_table(tmp_path):
    words = [*SWEEP, "--epochs", "1", "--out", str(tmp_path / "out")]
    # Python would otherwise take UTF-8 in place of the C locale's ASCII.
    done = run(words, COLUMNS="40", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stdout.isascii()
    assert b"mnist5k" in done.stdout


@pytest.mark.parametrize("shell", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_change_the_exit_code_or_what_is_left(tmp_path, shell):
    done = run([*SWEEP, "--epochs", "0", "--out", str(tmp_path / "out")], shell)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr + done.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_succeeds_without_a_stdout_still_succeeds():
    done = run(["config", "fit"], ">&-")
    assert done.returncode == 0
    assert done.stderr == b""


def test_tensorflows_complaints_are_not_printed_where_another_program_asked_for_them(tmp_path):
    words = ["fit", "--dataset", "digits8", "--epochs", "1", "--quiet"]
    # JAX sets this for its process, and a notebook hands it on.
    done = run([*words, "--out", str(tmp_path / "run")], TF_CPP_MIN_LOG_LEVEL="1")
    assert done.returncode == 0
    assert done.stderr == b""


@pytest.mark.parametrize("words", [["--help"], ["sweep", "--help"]])
def test_a_reader_that_has_gone_away_is_no_traceback(words):
    done = run(words, "| true")
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_the_names_of_folders_are_printed_as_they_are(tmp_path):
    folder = tmp_path / "[red]none[/red]"
    done = run(["sweep", "--dataset", "mnist", "--data-dir", str(folder)])
    assert done.returncode == 2
    assert str(folder).encode() in done.stderr


def test_a_trusted_model_is_said_and_its_name_cannot_steer_the_terminal(tmp_path):
    model = str(tmp_path / "\x1b[2J[red].keras")
    done = run(["evaluate", model, "--dataset", "mnist5k", "--trust-model"])
    assert done.returncode == 2
    said, refused = done.stderr.decode().splitlines()
    assert "\\x1b[2J[red].keras: its layers are trusted" in said
    assert "\\x1b[2J[red].keras" in refused
    assert "\x1b" not in said + refused
