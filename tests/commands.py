"""Starts `command_process` for many command lines at once."""

import json
import os
import subprocess
import sys
from pathlib import Path


def commands(lines, folder):
    """Runs command lines in another process, whose temporary files are in `folder`."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("command_process.py"))],
        input=json.dumps([[str(word) for word in words] for words in lines]),
        capture_output=True, text=True, env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
