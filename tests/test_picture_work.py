"""Many pictures: read in processes, and not looked at twice."""

import hashlib
import os
import subprocess
import sys
import time

import msgspec
import numpy as np
import pytest
from PIL import Image

from kerasae.data import known_looks, picture_work
from kerasae.data.known_looks import KnownLooks, read_looks
from kerasae.data.picture_files import PictureKind
from kerasae.data.picture_work import Look, each, look_at
from kerasae.errors import DataError

WITHOUT_GUARD = """
import sys
from kerasae.data import picture_work
picture_work._WORTH_PICTURES = 2
from kerasae import load_dataset
print(load_dataset(sys.argv[1]).train.shape)
"""

KILLED = """
import os, signal, sys
from pathlib import Path
from kerasae.data import picture_work
picture_work._WORTH_PICTURES = 2

def work(path):
    if path.name > "0000.png":
        signal.pause()
    return os.getpid()

for process in picture_work.each(work, sorted(Path(sys.argv[1]).iterdir()), 1):
    print(process, flush=True)
    os.kill(os.getpid(), 9)
"""


def save(folder, count):
    folder.mkdir()
    for number in range(count):
        image = np.full((2, 3), number % 256, np.uint8)
        image[0, 0] = number // 256
        Image.fromarray(image).save(folder / f"{number:04}.png")
    return sorted(folder.iterdir())


@pytest.fixture
def in_processes(monkeypatch):
    monkeypatch.setattr(picture_work, "_WORTH_PICTURES", 2)
    monkeypatch.setattr(picture_work, "cores", lambda: 2)


@pytest.mark.usefixtures("in_processes")
def test_processes_see_what_is_there_in_order(tmp_path):
    paths = save(tmp_path / "p", 300)
    paths[7].write_bytes(b"no picture")
    looks = list(each(look_at, paths))
    refused = looks.pop(7)
    assert isinstance(refused, DataError)
    assert str(paths[7]) in str(refused)
    good = [path for path in paths if path != paths[7]]
    md5s = [hashlib.md5(path.read_bytes()).hexdigest() for path in good]
    assert looks == [Look(PictureKind((2, 3), True), md5) for md5 in md5s]
    # They are other processes, and gone when it is over.
    (process, *_) = each(_process, paths[:2])
    assert process != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def _process(path):
    return os.getpid()


def _end(path):
    os._exit(9)


@pytest.mark.usefixtures("in_processes")
def test_a_process_that_is_killed_is_told():
    with pytest.raises(DataError, match="was killed, for want of memory perhaps"):
        list(each(_end, ["a", "b"]))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends processes with their parent")
def test_processes_end_with_a_parent_that_is_killed(tmp_path):
    save(tmp_path / "p", 40)
    script = tmp_path / "script.py"
    script.write_text(KILLED)
    ran = subprocess.run([sys.executable, script, tmp_path / "p"], stdout=subprocess.PIPE)
    # All that could write there are gone, or this would wait for them.
    assert ran.returncode == -9
    assert int(ran.stdout) != 0


def test_few_pictures_are_read_in_this_process(tmp_path):
    assert list(each(_process, save(tmp_path / "p", 3))) == [os.getpid()] * 3


def test_a_script_without_a_guard_can_load_many(tmp_path):
    save(tmp_path / "p", 40)
    script = tmp_path / "script.py"
    script.write_text(WITHOUT_GUARD)
    ran = subprocess.run(
        [sys.executable, script, tmp_path / "p"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "(36, 2, 3)\n"


@pytest.fixture
def looked(tmp_path, monkeypatch):
    """Pictures that were looked at ten seconds after they were written."""
    monkeypatch.setenv("KERASAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(known_looks, "LEAST_PICTURES", 3)
    paths = save(tmp_path / "p", 3)
    KnownLooks(tmp_path / "p", paths).keep({path: look_at(path) for path in paths})
    (index,) = (tmp_path / "cache").iterdir()
    later = time.time() + 10
    os.utime(index, (later, later))
    return paths, index


def test_pictures_as_they_were_are_not_read_again(looked):
    paths, _ = looked
    assert KnownLooks(paths[0].parent, paths).known == {path: look_at(path) for path in paths}
    # Written anew, of the same size, with the old time.
    before = paths[1].stat()
    content = bytearray(paths[1].read_bytes())
    content[-1] ^= 1
    paths[1].write_bytes(content)
    os.utime(paths[1], ns=(before.st_atime_ns, before.st_mtime_ns))
    paths[2].unlink()
    assert list(KnownLooks(paths[0].parent, paths).known) == [paths[0]]


def test_what_may_have_changed_while_it_was_looked_at_is_read_again(looked):
    paths, index = looked
    newest = max(path.stat().st_ctime_ns for path in paths)
    os.utime(index, ns=(newest, newest))
    assert KnownLooks(paths[0].parent, paths).known == {}


@pytest.mark.parametrize(
    "content", [b"", b"\x00", msgspec.msgpack.encode([1]), msgspec.msgpack.encode({b"a": 1})]
)
def test_a_damaged_index_is_none(looked, content):
    paths, index = looked
    index.write_bytes(content)
    assert KnownLooks(paths[0].parent, paths).known == {}
    assert read_looks(index) == ({}, 0)
