"""Results kept as they come, so that an experiment goes on where it stopped."""

import os
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

from pydantic import ValidationError

from sightline.errors import InputError


class Keyed(Protocol):
    """A record that knows what it is the result of."""

    @property
    def key(self) -> str:
        """Equal for equal experiments."""

    def model_dump_json(self) -> str:
        """The record on one line."""

    @classmethod
    def model_validate_json(cls, json_data: bytes) -> Self:
        """The record of a line."""


R = TypeVar("R", bound=Keyed)


class Journal(Generic[R]):
    """A file of JSON Lines, a record a line, each on the disk before the next experiment begins.

    A line that a kill has cut short is dropped when the file is opened: that experiment is run again.
    """

    def __init__(self, file: Path, record: type[R]) -> None:
        """`record`: the class of the lines."""
        self._file = file
        self._record = record
        self._kept: dict[str, R] = {}

    def open(self) -> Self:
        """Read what is there, if anything.

        Raises:
            InputError: a line is no such record.
            OSError: what the system says.
        """
        content = self._file.read_bytes() if self._file.exists() else b""
        whole, _, torn = content.rpartition(b"\n")
        if torn:
            os.truncate(self._file, len(content) - len(torn))
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                kept = self._record.model_validate_json(line)
            except ValidationError as err:
                raise InputError(
                    f"Line {number} of '{self._file}' is no record of this experiment. Take the line out, "
                    "or choose another folder with --out."
                ) from err
            self._kept[kept.key] = kept
        return self

    def get(self, key: str) -> R | None:
        """The record of an experiment that has been run already."""
        return self._kept.get(key)

    def append(self, record: R) -> None:
        """Keep a record, on the disk.

        Raises:
            OSError: what the system says.
        """
        with self._file.open("ab") as file:
            file.write(record.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._kept[record.key] = record
