"""One writer at a time in a set."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_AGAIN_S = 0.05


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Wait until no other process writes to a folder, which must exist, and keep others waiting meanwhile.

    The system ends the wait of the others when this process ends, however it ends.

    Raises:
        OSError: what the system says.
    """
    handle = _hold(folder)
    try:
        yield
    finally:
        os.close(handle)


if sys.platform == "win32":

    def _hold(folder: Path) -> int:
        """A folder cannot be locked there: a file within it is."""
        import msvcrt

        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT)
        while True:
            with suppress(OSError):
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
                return handle
            time.sleep(_AGAIN_S)

else:

    def _hold(folder: Path) -> int:
        import fcntl

        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except BaseException:
            os.close(handle)
            raise
        return handle
