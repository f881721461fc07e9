"""Ctrl-C and SIGTERM wait for the end of the step they come in, so that the run can be gone on with."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether someone has asked the run to stop, and with which signal."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def obey(self) -> None:
        """Stop, the way the signal would have at once.

        Raises:
            KeyboardInterrupt: after SIGINT.
            SystemExit: after SIGTERM, with 128 + 15.
        """
        if self.signal == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + (self.signal or 0))


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Within it, the first SIGINT or SIGTERM is noted; the second one acts at once.

    Only the main thread can take signals: in another one, nothing is noted and nothing changed.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _: FrameType | None) -> None:
        request.signal = number
        for each, handler in kept.items():
            signal.signal(each, handler)

    for number in kept:
        signal.signal(number, note)
    try:
        yield request
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
