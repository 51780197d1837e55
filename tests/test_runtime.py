"""Starting TensorFlow, as daemons and cron jobs do: without a standard error."""

import os
import subprocess
import sys

import pytest

CODE = """
import os
from kerasae.runtime import start_tensorflow
start_tensorflow()
print(os.readlink("/proc/self/fd/2") if os.path.exists("/proc/self/fd") else "/dev/null")
"""


@pytest.mark.skipif(os.name != "posix", reason="needs file descriptors")
@pytest.mark.slow
def test_tensorflow_starts_where_stderr_is_closed_and_logs_into_no_other_file():
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.close(2),
    )
    assert done.returncode == 0
    assert done.stdout == "/dev/null\n"
