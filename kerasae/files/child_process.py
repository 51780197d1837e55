"""What a process that another one started owes it."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Has Linux kill this process when its parent dies, whatever the parent dies of.

    Other systems leave it to the process to see that nobody reads what it sends.

    Args:
        parent: The parent's number; where it has died already, this process ends at once.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
