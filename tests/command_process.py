"""Runs many command lines of kerasae in one process, and prints a line of JSON about each.

It reads a JSON list of command lines, each a list of words.
"""

import contextlib
import io
import json
import resource
import sys
import traceback

from kerasae_cli.main import main


def peak() -> int:
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


if __name__ == "__main__":
    for line in json.loads(sys.stdin.read()):
        print(json.dumps(run(line)), flush=True)
