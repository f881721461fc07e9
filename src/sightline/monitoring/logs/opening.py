"""The log of this process, for as long as a server runs."""

import contextlib
import logging
import os
from collections.abc import Iterator

from sightline.monitoring.logs.formats import JsonFormatter, TextFormatter
from sightline.monitoring.logs.settings import LogSettings
from sightline.monitoring.logs.writing import LineHandler, LineWriter

_STDERR = 2


@contextlib.contextmanager
def open_logs(settings: LogSettings, descriptor: int = _STDERR) -> Iterator[LineWriter]:
    """Write what Sightline logs from this level on, what others log from warnings on, and Python's own warnings.

    Nothing else writes the log meanwhile: some packages give the root logger a handler of their own.
    """
    as_text = settings.format == "text" or (settings.format is None and os.isatty(descriptor))
    writer = LineWriter(TextFormatter() if as_text else JsonFormatter(), descriptor)
    handler = LineHandler(writer)
    root, ours = logging.getLogger(), logging.getLogger("sightline")
    levels, handlers = (root.level, ours.level), root.handlers[:]
    writer.start()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    ours.setLevel(settings.level.upper())
    logging.captureWarnings(True)
    try:
        yield writer
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = handlers
        root.setLevel(levels[0])
        ours.setLevel(levels[1])
        writer.stop()
