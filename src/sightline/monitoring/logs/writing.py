"""Log lines on their way to a descriptor, so that whoever logs never waits for a disk or a pipe."""

import contextlib
import logging
import os
import queue
import select
import threading
import time
from typing import Final

from sightline.monitoring.notes import CURRENT

_TOGETHER: Final = 256
_GATHERED_S: Final = 0.02
"""How long a line waits for others: to be woken for each of them cost a request more than the line itself."""


class LineWriter:
    """A bounded queue and a thread that writes what is in it; what finds the queue full is dropped and counted.

    It writes to the descriptor itself: the locks of `sys.stderr` and of `logging.StreamHandler` are waited for when
    the interpreter ends, which with a stuck pipe would be for ever.

    dropped
        Lines that were not written, about.
    """

    def __init__(self, formatter: logging.Formatter, descriptor: int, most_lines: int = 10_000) -> None:
        self.dropped = 0
        self._formatter, self._descriptor, self._most_lines = formatter, descriptor, most_lines
        self._queue: queue.SimpleQueue[logging.LogRecord | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._told = 0
        self._cut = False

    def start(self) -> None:
        """Start the thread. After a fork the child has to start its own."""
        self._thread = threading.Thread(target=self._run, name="sightline-log", daemon=True)
        self._thread.start()

    def put(self, record: logging.LogRecord) -> None:
        """Leave a record to be written; from any thread, also within a signal handler."""
        if self._queue.qsize() < self._most_lines:
            self._queue.put(record)
        else:
            self.dropped += 1

    def stop(self, timeout_s: float = 2.0) -> None:
        """Write what is in the queue, but give up after so long."""
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        going = True
        while going:
            records = [self._queue.get()]
            if records[0] is not None:
                time.sleep(_GATHERED_S)
            with contextlib.suppress(queue.Empty):
                while len(records) < _TOGETHER:
                    records.append(self._queue.get_nowait())
            going = None not in records
            self._write([record for record in records if record is not None])

    def _write(self, records: list[logging.LogRecord]) -> None:
        missing = self.dropped - self._told
        if missing:
            records.append(_notice(missing))
        lines = []
        for record in records:
            try:
                lines.append(self._formatter.format(record).encode(errors="backslashreplace") + b"\n")
            except Exception:  # a record that cannot be written must not end the thread
                self.dropped += 1
        if self._send((b"\n" if self._cut else b"") + b"".join(lines)):
            self._told += missing
        else:
            self.dropped += len(lines) - bool(missing)

    def _send(self, data: bytes) -> bool:
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # whoever shares the descriptor made it so
                select.select([], [self._descriptor], [], 1.0)
            except OSError:
                self._cut = self._cut or len(left) < len(data)
                return False
        self._cut = False
        return True


class LineHandler(logging.Handler):
    """Gives records to a `LineWriter`, with the ids of the request that they belong to."""

    def __init__(self, writer: LineWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Take from the record what may change, and leave the rest to the writer's thread."""
        notes = CURRENT.get()
        if notes is not None:
            record.request_id, record.trace_id = notes.request_id, notes.trace_id
        try:
            record.msg, record.args = record.getMessage(), None
        except Exception:  # a message whose arguments do not fit
            record.msg, record.args = f"{record.msg} {record.args!r}", None
        if record.exc_info:
            # Kept as text: a traceback holds on to the pictures of its frames.
            record.exc_text = _AS_TEXT.formatException(record.exc_info)
            record.exc_info = None
        self._writer.put(record)


_AS_TEXT: Final = logging.Formatter()


def _notice(missing: int) -> logging.LogRecord:
    message = f"{missing} log lines before this one could not be written."
    record = logging.makeLogRecord({"name": "sightline.log", "levelno": logging.WARNING, "msg": message})
    record.levelname = "WARNING"
    return record
