"""A log record as one line that nobody but the server can have written."""

import json
import logging
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_LONGEST = 4_000
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/@+-*")


class JsonFormatter(logging.Formatter):
    """An object a line, in ASCII: `time`, `level`, `logger`, `message`, the request's ids, and the record's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its end."""
        line = {**_head(record), "logger": record.name}
        if record.exc_text:
            line["traceback"] = record.exc_text
        for key, value in _fields(record).items():
            line.setdefault(key, value)
        return json.dumps({key: _finite(value) for key, value in line.items()}, default=str)


class TextFormatter(logging.Formatter):
    """Time, level and message, then `key=value`. What goes on over several lines, as a traceback, is indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line or lines without their end."""
        head = _head(record)
        pairs = {key: value for key, value in {**head, **_fields(record)}.items() if value is not None}
        for shown in ("time", "level", "message"):
            del pairs[shown]
        parts = [head["time"], f"{head['level']:<7}", _printable(head["message"])]
        parts += [f"{key}={_quoted(value)}" for key, value in pairs.items()]
        more = (record.exc_text or "").splitlines()
        return "\n".join([" ".join(parts), *(f"    {_printable(line)}" for line in more)])


def _head(record: logging.LogRecord) -> dict[str, Any]:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    message = record.getMessage()
    head = {
        "time": moment.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "message": message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…",
    }
    for name in ("request_id", "trace_id"):
        if (value := getattr(record, name, None)) is not None:
            head[name] = value
    return head


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(record, "fields", {})
    return found


def _finite(value: Any) -> Any:
    """JSON knows no infinity and no NaN."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _quoted(value: Any) -> str:
    if isinstance(value, str) and value and set(value) <= _PLAIN:
        return value
    return json.dumps(value, default=str)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
