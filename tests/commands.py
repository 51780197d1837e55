"""Runs command lines, many at once in another process, or one in this."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import command_process


def command(*words):
    """Runs a command line where TensorFlow has been started already, which takes seconds."""
    return SimpleNamespace(**command_process.run([str(word) for word in words]))


def commands(lines, folder):
    """Runs command lines in another process, whose temporary files are in `folder`."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("command_process.py"))],
        input=json.dumps([[str(word) for word in words] for words in lines]),
        capture_output=True, text=True, env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
