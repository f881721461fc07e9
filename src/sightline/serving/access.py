"""A log line for each request: who asked for what, and how it went; never what was in the picture, or in a header."""

import logging
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sightline.monitoring import LogSettings, RequestNotes

log = logging.getLogger("sightline.access")

_STARTING = 503
_PROBES = frozenset(
    {
        "/livez",
        "/readyz",
        "/metrics",
        "/v2/health/live",
        "/v2/health/ready",
        "grpc/ServerLive",
        "grpc/ServerReady",
    }
)


@dataclass(frozen=True)
class Access:
    """A request that has been answered; `received`: bytes of its body."""

    method: str
    route: str
    status: int
    seconds: float
    client: str
    received: int = 0


def log_access(access: Access, notes: RequestNotes, settings: LogSettings) -> None:
    """Log an answered request: errors of the server as such, probes that found nothing wrong only for debugging."""
    if not settings.access:
        return
    level = logging.ERROR if access.status >= 500 else logging.INFO
    if access.route in _PROBES:
        level = logging.DEBUG if access.status < 400 or access.status == _STARTING else level
    if log.isEnabledFor(level):
        # As `log.log` does it, but for the search for who calls, which takes a fifth of the time.
        fields = {"fields": _fields(access, notes, settings.labels)}
        log.handle(log.makeRecord(log.name, level, __file__, 0, "request", (), None, extra=fields))


def _fields(access: Access, notes: RequestNotes, labels: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "method": access.method,
        "route": access.route,
        "status": access.status,
        "ms": round(access.seconds * 1e3, 3),
        "client": access.client,
        "bytes_in": access.received,
    }
    if notes.error is not None:
        fields["error"] = notes.error
    if not notes.answered:
        return fields
    model, first, _ = notes.answered[0]
    fields |= {"model": model, "bundle_id": first.bundle_id}
    if len(notes.answered) == 1:
        fields["decision"] = first.decision
        if labels:
            fields |= {"labels": first.labels, "probability": round(first.probability, 6)}
    else:
        fields["images"] = len(notes.answered)
        fields["decisions"] = dict(Counter(answer.decision for _, answer, _ in notes.answered))
    return fields
