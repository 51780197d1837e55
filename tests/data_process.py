"""Loads folders of data in one process, and prints a line of JSON about each."""

import json
import resource
import sys
import traceback

from kerasae.datasets import load_dataset
from kerasae.errors import DataError


def refusal(folder: str) -> str | None:
    try:
        load_dataset("mnist", folder)
    except DataError as error:
        return str(error)
    except BaseException:
        return traceback.format_exc()
    return None


def main() -> None:
    for place in json.loads(sys.stdin.read()):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        line = refusal(place)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(json.dumps({"line": line, "grown": grown}), flush=True)


if __name__ == "__main__":
    main()
