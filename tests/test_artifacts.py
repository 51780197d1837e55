"""Files that are put in place whole: their permissions, and disks that take none."""

import os
import stat
import sys

import pytest

from kerasae.runs import artifacts


@pytest.mark.skipif(os.name != "posix", reason="there are no permissions")
@pytest.mark.parametrize("umask", [0o027, 0o002])
def test_files_have_the_permissions_of_new_files(tmp_path, umask):
    before = os.umask(umask)
    try:
        artifacts.write_text(tmp_path / "a.txt", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o666 & ~umask


def test_writing_leaves_the_umask_to_other_threads(tmp_path):
    called = []
    sys.setprofile(lambda frame, event, what: called.append(what) if event == "c_call" else None)
    try:
        artifacts.write_text(tmp_path / "a.txt", "text")
    finally:
        sys.setprofile(None)
    assert os.open in called
    assert os.umask not in called
