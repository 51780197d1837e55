"""Puts files through the gate in one process, and prints a line of JSON about each.

It reads a JSON list: `check` or `load`, then the paths.
"""

import json
import resource
import sys
import traceback

from kerasae.errors import ModelFileError
from kerasae.model_files import checked_model, load_model_safely


def peak() -> int:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds)


def put_through(action: str, path: str) -> str | None:
    try:
        if action == "check":
            with checked_model(path):
                return None
        load_model_safely(path)
    except ModelFileError as error:
        return str(error)
    except BaseException:
        return traceback.format_exc()
    return None


def main() -> None:
    action, *paths = json.loads(sys.stdin.read())
    for path in paths:
        before = peak()
        line = put_through(action, path)
        found = {"line": line, "grown": peak() - before, "tensorflow": "tensorflow" in sys.modules}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
