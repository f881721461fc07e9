"""Where the members of a tar lie: its headers are read by seeking, and of its data only the texts of labels."""

import struct
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from sightline.dataset.sample import Quarantined, QuarantineReason
from sightline.dataset.sources.member_names import is_meta, is_text_member, name_problem, plain_name

LONGEST_TEXT = 1 << 20
UNPACK = (
    "In a compressed tar no picture is found without unpacking all before it, and pictures are compressed already. "
    "Write a plain one: gzip -dc x.tar.gz > x.tar, or zstd -dc, bzip2 -dc, xz -dc."
)
_LONGEST_HEADER = 1 << 20
_LONGEST_TAIL = 1 << 20
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ")
# What the standard library lets through of headers that make no sense.
_NONSENSE = (tarfile.TarError, ValueError, OverflowError, IndexError, EOFError, struct.error)


class Member(NamedTuple):
    """A regular file of a tar: its name, where its bytes lie, and those of a label; None of what is not read."""

    name: str
    offset: int
    size_bytes: int
    text: bytes | None


@dataclass(frozen=True)
class TarScan:
    """What a tar holds, in its order; and what of it is not used, by name, or by "" for the rest of the tar."""

    members: tuple[Member, ...]
    aside: tuple[Quarantined, ...]


def scan_tar(stream: BinaryIO) -> TarScan:
    """Find all members of an uncompressed tar: ustar, GNU or pax.

    Links, devices, sparse files and unsafe names are set aside; folders and what belongs to no sample are
    passed over. What lies behind a damaged header cannot be found; what is before it counts.
    """
    stream.seek(0)
    if stream.read(8).startswith(_COMPRESSED):
        return TarScan((), (Quarantined("", "format_not_allowed", f"The shard is compressed. {UNPACK}"),))
    headers = _Headers(stream, stream.seek(0, 2))
    aside: list[Quarantined] = []
    members = []
    for found in _entries(headers):
        if isinstance(found, Quarantined):
            aside.append(found)
        elif not is_meta(found.name):
            members.append(found)
    return TarScan(tuple(members), tuple(aside))


class _Headers:
    """The stream as `tarfile` reads headers from it: never behind the end, and only what a header can need."""

    def __init__(self, stream: BinaryIO, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._stream = stream
        self.tell = stream.tell

    def seek(self, offset: int) -> int:
        if not 0 <= offset <= self.size_bytes:
            raise tarfile.ReadError("unexpected end of data")
        return self._stream.seek(offset)

    def read(self, count: int) -> bytes:
        if not 0 <= count <= _LONGEST_HEADER:
            raise tarfile.ReadError(f"it claims {count:,} bytes")
        return self._stream.read(count)

    def at(self, offset: int, count: int) -> bytes:
        self.seek(offset)
        return self.read(count)


def _entries(headers: _Headers) -> Iterator[Member | Quarantined]:
    offset = 0
    try:
        headers.seek(0)
        with tarfile.TarFile(fileobj=headers) as tar:  # type: ignore[arg-type]
            while (info := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # it would keep them all
                if tar.offset <= info.offset:
                    raise tarfile.ReadError("its size is negative")
                if info.isreg() and info.offset_data + info.size > headers.size_bytes:
                    yield Quarantined(_shown(info.name), "truncated", "The shard ends within this member.")
                    return
                offset = tar.offset
                if not info.isdir():
                    yield _entry(info, headers)
                if tar.offset > headers.size_bytes:
                    break
            yield from _end(headers, min(tar.offset, headers.size_bytes))
    except _NONSENSE as err:
        yield _lost("corrupt", f"What stands at byte {offset:,} is no header of a tar ({err})")


def _entry(info: tarfile.TarInfo, headers: _Headers) -> Member | Quarantined:
    problem = name_problem(info.name)
    if problem is not None:
        return Quarantined(_shown(info.name), "bad_name", problem)
    name = plain_name(info.name)
    if not info.isreg() or info.issparse():
        message = "It is a link, a device or a sparse file within the tar, and none is followed. Pack the file itself."
        return Quarantined(name, "not_a_file", message)
    wanted = is_text_member(name) and info.size <= LONGEST_TEXT
    return Member(
        name, info.offset_data, info.size, headers.at(info.offset_data, info.size) if wanted else None
    )


def _end(headers: _Headers, offset: int) -> Iterator[Quarantined]:
    """What is wrong with the end: `tarfile` takes whatever is no header for it."""
    mark = headers.at(offset, tarfile.BLOCKSIZE)
    if len(mark) < tarfile.BLOCKSIZE:
        yield _lost(
            "truncated", "The shard has no end mark: it was cut off there, or is not written to its end"
        )
    elif mark.strip(b"\0"):
        yield _lost("corrupt", f"What stands at byte {offset:,} is no header of a tar")
    elif headers.at(offset, min(_LONGEST_TAIL, headers.size_bytes - offset)).strip(b"\0"):
        yield _lost(
            "trailing_data", f"Something follows the end mark at byte {offset:,}, as of tars put together"
        )


def _shown(name: str) -> str:
    return name.encode(errors="backslashreplace").decode()


def _lost(reason: QuarantineReason, what: str) -> Quarantined:
    message = f"{what}. Pictures from there on are missing; write the shard anew."
    return Quarantined("", reason, message)
