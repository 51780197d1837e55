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


def test_a_narrow_terminal_without_unicode_still_gets_its_table(tmp_path):
    words = [*SWEEP, "--epochs", "1", "--out", str(tmp_path / "out")]
    done = run(words, COLUMNS="40", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
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
