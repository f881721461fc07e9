"""The log: lines as JSON or text, written by a thread of their own."""

from sightline.monitoring.logs.formats import JsonFormatter, TextFormatter
from sightline.monitoring.logs.opening import open_logs
from sightline.monitoring.logs.settings import LogFormat, LogLevel, LogSettings
from sightline.monitoring.logs.writing import LineHandler, LineWriter

__all__ = [
    "JsonFormatter",
    "LineHandler",
    "LineWriter",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "TextFormatter",
    "open_logs",
]
