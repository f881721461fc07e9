"""One process at a time works in a run's folder."""

import os
import sys
import weakref
from contextlib import suppress
from pathlib import Path

from sightline.errors import InputError

_LOCK_FILE = ".lock"


class FolderLock:
    """An advisory lock on a folder that the system gives back by itself when its holder ends, however it ends.

    On systems without `flock` nothing is locked.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: weakref.finalize[[int], FolderLock] | None = None

    def require_free(self) -> None:
        """See that nobody holds the lock now; nothing is made.

        Raises:
            InputError: another run is at work in the folder.
        """
        with suppress(FileNotFoundError, NotADirectoryError):
            os.close(self._open(os.O_RDWR))

    def take(self) -> None:
        """Lock the folder, which must exist.

        Raises:
            InputError: another run is at work in it, or it cannot be written to.
        """
        self._held = weakref.finalize(self, os.close, self._open(os.O_RDWR | os.O_CREAT))

    def _open(self, flags: int) -> int:
        try:
            handle = os.open(self._folder / _LOCK_FILE, flags | getattr(os, "O_CLOEXEC", 0), 0o644)
        except PermissionError as err:
            raise InputError(f"'{self._folder}' cannot be written to: {err.strerror or err}.") from err
        if not _lock(handle):
            os.close(handle)
            raise InputError(
                f"A run is at work in '{self._folder}' now. Wait until it ends, or choose another place with --out."
            )
        return handle

    def give_back(self) -> None:
        """Let others in. Nothing happens where the lock is not held."""
        if self._held is not None:
            self._held()


def _lock(handle: int) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
