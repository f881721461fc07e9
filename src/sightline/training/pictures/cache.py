"""Decoded pixels, kept between epochs: in memory, in a temporary file, or not at all."""

import mmap
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sightline.training.pictures.memory import available_bytes

Pixels = NDArray[np.uint8]
Kind = Literal["auto", "memory", "disk", "none"]

# A run has two sets, one to learn from and one to judge by, so that it takes a half of what was there at most.
_SHARE_OF_A_SET = 4


class Room(Protocol):
    """Somewhere to keep bytes.

    where
        In words that follow "pictures".
    size_bytes
        All that it may take.
    """

    where: str
    size_bytes: int

    def write(self, start: int, pixels: Pixels) -> None:
        """Keep the bytes of a C-contiguous array from `start` on. Raises OSError if that does not work."""
        ...

    def read(self, start: int, shape: tuple[int, ...]) -> Pixels:
        """The array written there, as a view that is not to be written to."""
        ...


class Memory:
    """A stretch of memory; the system hands out its pages as they are filled."""

    where = "in memory"

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._bytes = np.empty(size_bytes, np.uint8)

    def write(self, start: int, pixels: Pixels) -> None:
        """As `Room` says."""
        self._bytes[start : start + pixels.size] = pixels.reshape(-1)

    def read(self, start: int, shape: tuple[int, ...]) -> Pixels:
        """As `Room` says."""
        return _view(self._bytes, start, shape)


class Disk:
    """A temporary file, memory-mapped for reading.

    It has no name from the start on, so the system frees it when the process ends, however that is. Writing
    goes through the file and not through the map: on a full disk that is an error, and not the end of the process.
    """

    where = "on disk"

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._file, path = tempfile.mkstemp(prefix="sightline-pixels-")
        weakref.finalize(self, os.close, self._file)
        Path(path).unlink()
        os.truncate(self._file, size_bytes)  # no block is taken before it is written
        self._bytes = np.frombuffer(mmap.mmap(self._file, size_bytes), np.uint8)

    def write(self, start: int, pixels: Pixels) -> None:
        """As `Room` says."""
        rest, place = pixels.data.cast("B"), start
        while rest:
            written = os.pwrite(self._file, rest, place)
            rest, place = rest[written:], place + written

    def read(self, start: int, shape: tuple[int, ...]) -> Pixels:
        """As `Room` says."""
        return _view(self._bytes, start, shape)


class _Shelf:
    """A room that is opened when something is put there, and filled from its beginning."""

    def __init__(self, where: str, open_room: Callable[[], Room | None]) -> None:
        self.where = where
        self.used_bytes = 0
        self.count = 0
        self._open: Callable[[], Room | None] = open_room
        self._room: Room | None = None
        self._closed = False

    def place(self, size_bytes: int) -> tuple[Room, int] | None:
        """Where so many bytes go; None if they find no room."""
        if self._room is None and not self._closed:
            self._room = self._open()
            self._closed = self._room is None
        if self._closed or self._room is None or self.used_bytes + size_bytes > self._room.size_bytes:
            return None
        start = self.used_bytes
        self.used_bytes += size_bytes
        self.count += 1
        return self._room, start

    def give_up(self, size_bytes: int) -> None:
        """Take nothing more, and do not count what was placed last: it could not be written."""
        self._closed = True
        self.used_bytes -= size_bytes
        self.count -= 1


class PixelCache:
    """Pictures uint8 `[H, W, 3]` of any size by their row, for any number of threads.

    count, most_bytes
        How many pictures there are, and the most that all of them can take.
    kind
        `memory` takes at most a quarter of the memory that is available when the first picture comes, `disk`
        a quarter of what is free for temporary files, `none` nothing; `auto` fills the memory first, then the disk.
        What finds no room is not kept.
    """

    def __init__(self, count: int, most_bytes: int, kind: Kind) -> None:
        memory = _Shelf(Memory.where, partial(_open_memory, most_bytes))
        disk = _Shelf(Disk.where, partial(_open_disk, most_bytes))
        self._shelves: Sequence[_Shelf] = {
            "auto": (memory, disk),
            "memory": (memory,),
            "disk": (disk,),
            "none": (),
        }[kind]
        self._kept: list[tuple[Room, int, tuple[int, ...]] | None] = [None] * count
        self._offered: set[int] = set()
        self._lock = threading.Lock()

    @property
    def is_complete(self) -> bool:
        """Whether every picture is kept."""
        return all(self._kept)

    def get(self, row: int) -> Pixels | None:
        """The picture of a row, not to be written to; None if it is not kept."""
        kept = self._kept[row]
        return kept[0].read(kept[1], kept[2]) if kept else None

    def put(self, row: int, pixels: Pixels) -> None:
        """Keep a picture, if there is room. A row is looked at once."""
        with self._lock:
            if row in self._offered:
                return
            self._offered.add(row)
        own = np.ascontiguousarray(pixels)
        for shelf in self._shelves:
            with self._lock:
                found = shelf.place(own.nbytes)
            if found is None:
                continue
            room, start = found
            try:
                room.write(start, own)
            except OSError:  # the disk is full by now, whoever filled it
                shelf.give_up(own.nbytes)
                continue
            self._kept[row] = (room, start, own.shape)
            return

    def describe(self) -> str:
        """What is kept and where, in words."""
        parts = [
            f"{shelf.count:,} pictures {shelf.where}, {shelf.used_bytes / 1e6:,.0f} MB"
            for shelf in self._shelves
            if shelf.count
        ]
        return "; ".join(parts) or "no pictures kept"


def _open_memory(most_bytes: int) -> Room | None:
    size_bytes = min(most_bytes, available_bytes() // _SHARE_OF_A_SET)
    return Memory(size_bytes) if size_bytes else None


def _open_disk(most_bytes: int) -> Room | None:
    size_bytes = min(most_bytes, shutil.disk_usage(tempfile.gettempdir()).free // _SHARE_OF_A_SET)
    try:
        return Disk(size_bytes) if size_bytes else None
    except OSError:  # a file system that holds no such file: then nothing is kept
        return None


def _view(kept: NDArray[np.uint8], start: int, shape: tuple[int, ...]) -> Pixels:
    return kept[start : start + int(np.prod(shape))].reshape(shape)
