"""Where the files of a data set lie, and which of them may be opened at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from sightline.dataset.sample import Quarantined
from sightline.errors import InputError
from sightline.images import BAD_NAME, is_text_name, read_image_file, shown_name
from sightline.records import ImageLimits


class Store(Protocol):
    """Files by their paths relative to a root, with `/` between folders."""

    @property
    def location(self) -> str:
        """The root as a person would write it: a folder, or an address such as `s3://bucket/tiles`."""

    def refusal(self, path: str) -> Quarantined | None:
        """Why a file is not opened; None if it may be."""

    def stamp(self, path: str) -> str:
        """What changes whenever the file does, without reading it: size and times, or an entity tag.

        Raises:
            InputError: the file cannot be reached.
        """

    def read(self, path: str, limits: ImageLimits) -> bytes:
        """The whole file.

        Raises:
            ImageTooLarge: more bytes than the limits allow; found before a byte is read.
            ImageDamaged: an empty file.
            InputError: the file is not there, or may not be read.
        """


@dataclass(frozen=True)
class LocalStore:
    """A folder on this machine, resolved."""

    root: Path

    @property
    def location(self) -> str:
        """The folder."""
        return str(self.root)

    def refusal(self, path: str) -> Quarantined | None:
        """Why a file is not opened; None if, links followed, it is a regular file within the root."""
        if not is_text_name(path):
            return Quarantined(shown_name(path), "bad_name", BAD_NAME)
        try:
            real = (self.root / path).resolve(strict=True)
        except (FileNotFoundError, NotADirectoryError):
            return Quarantined(path, "missing", "There is no such file, or it links to one that is gone.")
        except (OSError, RuntimeError) as err:  # RuntimeError: a loop of links, before Python 3.13
            return Quarantined(path, "unreadable", f"The file cannot be reached: {err}.")
        if not real.is_relative_to(self.root):
            return Quarantined(
                path, "outside_root", "It links to something outside the folder. Copy it inside."
            )
        if not real.is_file():
            return Quarantined(path, "not_a_file", "It is no regular file.")
        return None

    def stamp(self, path: str) -> str:
        """Size, and the times of the last change of content and of anything about the file."""
        try:
            state = (self.root / path).stat()
        except OSError as err:
            raise InputError(f"'{self.root / path}' cannot be reached: {err.strerror or err}.") from err
        return f"{state.st_size}-{state.st_mtime_ns}-{state.st_ctime_ns}"

    def read(self, path: str, limits: ImageLimits) -> bytes:
        """The whole file, see `sightline.images.read_image_file`."""
        return read_image_file(self.root / path, limits)

    @contextmanager
    def stream(self, path: str) -> Iterator[BinaryIO]:
        """A file as a stream that can be sought in.

        Raises:
            InputError: it is not there, or may not be read.
        """
        try:
            with (self.root / path).open("rb") as file:
                yield file
        except OSError as err:
            raise InputError(f"'{self.root / path}' cannot be read: {err.strerror or err}.") from err

    def read_range(self, path: str, start: int, count: int) -> bytes:
        """So many bytes from `start`; fewer where the file ends. Raises as `stream` does."""
        with self.stream(path) as file:
            parts = []
            while count and (part := os.pread(file.fileno(), count, start)):
                parts.append(part)
                start, count = start + len(part), count - len(part)
        return b"".join(parts)
