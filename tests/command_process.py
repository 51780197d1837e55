"""Runs many command lines of kerasae, each in a fork, and prints a line of JSON about each.

It reads a JSON list of command lines, each a list of words.
"""

import contextlib
import io
import json
import os
import resource
import sys
import traceback

from kerasae_cli.main import main
from PIL import Image

# In every fork already, so that the memory and the time of a case are those of the case.
import kerasae.data.datasets
import kerasae.runs.saved_models  # noqa: F401


def peak() -> int:
    """The largest memory of this process since it was forked, or of one that it started, in kB."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds)


def run(words: list[str]) -> dict[str, object]:
    """Returns the exit code, what was printed, and by how many kB the peak of memory grew."""
    sys.argv = ["kerasae", *words]
    before, code = peak(), 0
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        except BaseException:
            code = 1
            err.write(traceback.format_exc())
    return {
        "code": code,
        "stdout": out.getvalue(),
        "stderr": err.getvalue(),
        "grown": peak() - before,
        "tensorflow": "tensorflow" in sys.modules,
    }


def run_forked(words: list[str]) -> None:
    child = os.fork()
    if not child:
        print(json.dumps(run(words)), flush=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        print(json.dumps({"code": f"ended with status {status}", "stdout": "", "stderr": ""}))


if __name__ == "__main__":
    Image.init()
    run(["evaluate", "missing.keras"])  # imports what Typer needs
    for line in json.loads(sys.stdin.read()):
        run_forked(line)
