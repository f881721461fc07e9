"""The audit log: who changed what about a running server, a line of JSON each."""

import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sightline.errors import InputError
from sightline.serving.security.buckets import Bucket

log = logging.getLogger("sightline.audit")

Outcome = Literal["done", "failed", "refused"]


class AuditLog:
    """Appends to a file, or to the ordinary log where there is none. Belongs to the event loop.

    What cannot be written, for instance to a disk that is full, is counted by `on_lost` and in the ordinary log: the
    server goes on. What is refused is written ten times a second at most, or whoever may do nothing could fill the
    disk; the next line says how many were left out.

    Raises:
        InputError: the file cannot be opened.
    """

    def __init__(self, path: Path | None, on_lost: Callable[[], None] = lambda: None) -> None:
        self._path, self._on_lost = path, on_lost
        self._file: int | None = None
        self._torn = False
        self._refusals = Bucket(10, 50)
        self._left_out = 0
        self.reopen()

    def reopen(self) -> None:
        """Go on in a new file where the old one was moved away."""
        if self._path is None:
            return
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as err:
            raise InputError(
                f"The audit log '{self._path}' cannot be written: {err.strerror or err}."
            ) from err
        self.close()
        self._file = file

    def close(self) -> None:
        """Write nothing more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def note(self, action: str, by: str, where: str, outcome: Outcome, **details: object) -> None:
        """Write down who did what, from which address, and what came of it; details that are None are left out."""
        if outcome == "refused" and self._refusals.take():
            self._left_out += 1
            return
        entry: dict[str, object] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "action": action,
            "by": by,
            "from": where,
            "outcome": outcome,
            **{name: value for name, value in details.items() if value is not None},
        }
        if self._left_out:
            entry["refusals_left_out"], self._left_out = self._left_out, 0
        self._write(json.dumps(entry))

    def _write(self, line: str) -> None:
        if self._file is None:
            log.warning("%s", line)
            return
        data = ("\n" if self._torn else "").encode() + line.encode() + b"\n"
        written = 0
        try:
            # One call a line, so that lines of several processes do not mix.
            written = os.write(self._file, data)
            self._torn = written < len(data)
        except OSError as err:
            log.error("the audit log '%s' cannot be written: %s", self._path, err.strerror or err)
        if written < len(data):
            with suppress(Exception):
                self._on_lost()
            log.warning("%s", line)
