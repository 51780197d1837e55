"""Reading untrusted zip archives: checked before anything is inflated, bounded while it is."""

import shutil
import struct
import zipfile
from collections.abc import Mapping
from typing import BinaryIO

from kerasae.files.local_files import Refused, read_exactly, within

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END = struct.Struct("<4s4H2IH")
_END64_LOCATOR = b"PK\6\7"
_MOST_DIRECTORY_BYTES = 1 << 16


def open_zip(file: BinaryIO, members: Mapping[str, int]) -> zipfile.ZipFile:
    """Opens a zip archive that holds exactly the members expected.

    The table of contents is measured before it is parsed, since a table of millions of
    entries takes gigabytes.

    Args:
        file: The archive, open for reading.
        members: Names of the members and the largest size of each, in bytes.

    Returns:
        The archive; read it with `read_member` or `copy_member`.

    Raises:
        Refused: If it is not such an archive.
        zipfile.BadZipFile: If it is damaged.
    """
    _check_end(file)
    archive = zipfile.ZipFile(file)
    names: set[str] = set()
    for info in archive.infolist():
        name = info.orig_filename
        if name in names:
            raise Refused(f"member {name!r} is there twice")
        if name not in members or name != info.filename:
            raise Refused(f"member {name!r} is not expected; expected {', '.join(members)}")
        if info.compress_type not in _METHODS or info.flag_bits & 1:
            raise Refused(f"member {name!r} is encrypted or packed in an unusual way")
        if info.file_size > members[name]:
            raise Refused(
                f"member {name!r} declares {info.file_size:,} bytes; expected at most "
                f"{members[name]:,}"
            )
        names.add(name)
    for name in members:
        if name not in names:
            raise Refused(f"member {name!r} is missing")
    return archive


def member_names(file: BinaryIO) -> list[str]:
    """Lists the members of a zip archive; `open_zip` then checks them."""
    _check_end(file)
    return zipfile.ZipFile(file).namelist()


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Reads a member whole, whose declared size `open_zip` has bounded."""
    with within(f"member {name!r}"), archive.open(name) as member:
        return read_exactly(member, archive.getinfo(name).file_size)


def copy_member(archive: zipfile.ZipFile, name: str, target: BinaryIO) -> None:
    """Copies a member into an empty file, a block at a time."""
    with archive.open(name) as member:
        shutil.copyfileobj(member, target)
    if target.tell() != archive.getinfo(name).file_size:
        raise Refused(f"member {name!r} ends early")


def _check_end(file: BinaryIO) -> None:
    size = file.seek(0, 2)
    length = min(size, _END.size + 20)
    file.seek(size - length)
    tail = file.read(length)
    file.seek(0)
    if size < _END.size or not tail[-_END.size :].startswith(b"PK\5\6"):
        raise Refused("does not end like a zip archive; it is cut off, or another kind of file")
    _, disk, start_disk, here, entries, directory, _, comment = _END.unpack(tail[-_END.size :])
    if disk or start_disk or here != entries or comment or tail.startswith(_END64_LOCATOR):
        raise Refused("is a zip archive in parts, with a comment, or zip64; expected a plain one")
    if directory > _MOST_DIRECTORY_BYTES:
        raise Refused(f"its table of contents has {directory:,} bytes; expected a few members")
