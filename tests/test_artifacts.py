"""Files that are put in place whole: their permissions, and disks that take none."""

import errno
import os
import stat
import sys

import pytest

from kerasae.errors import ArtifactError, DiskFull
from kerasae.files import whole_files


@pytest.mark.skipif(os.name != "posix", reason="there are no permissions")
@pytest.mark.parametrize("umask", [0o027, 0o002])
def test_files_have_the_permissions_of_new_files(tmp_path, umask):
    before = os.umask(umask)
    try:
        whole_files.write_text(tmp_path / "a.txt", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o666 & ~umask


def test_writing_leaves_the_umask_to_other_threads(tmp_path):
    called = []
    sys.setprofile(lambda frame, event, what: called.append(what) if event == "c_call" else None)
    try:
        whole_files.write_text(tmp_path / "a.txt", "text")
    finally:
        sys.setprofile(None)
    assert os.open in called
    assert os.umask not in called


def test_a_folder_that_the_disk_has_no_room_for_is_not_left(tmp_path, full_disk):
    full_disk(1000)
    with (
        pytest.raises(DiskFull, match="out: there is no room"),
        whole_files.new_folder(tmp_path / "out") as folder,
    ):
        (folder / "a").write_bytes(bytes(2000))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="folders are not synced")
@pytest.mark.parametrize("number", [errno.EINVAL, errno.EBADF, errno.EIO])
def test_a_file_system_that_syncs_no_folders_takes_files(tmp_path, monkeypatch, number):
    def fsync(handle, real=os.fsync):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    if number == errno.EIO:
        with pytest.raises(ArtifactError, match="or the disk has failed"):
            whole_files.write_text(tmp_path / "a", "text")
    else:
        whole_files.write_text(tmp_path / "a", "text")
    assert (tmp_path / "a").read_text() == "text"
