"""A log line for each request: who asked for what, and how it went; never what was in the picture, or in a header."""

import logging
from collections import Counter
from typing import Any

from sightline.serving.exchange import Exchange

log = logging.getLogger("sightline.access")

_PROBES = frozenset({"/livez", "/readyz", "/metrics"})


def log_request(exchange: Exchange, route: str, seconds: float, *, labels: bool) -> None:
    """Log an answered request: errors of the server as such, probes that found nothing wrong only for debugging."""
    status = exchange.status
    level = logging.ERROR if status >= 500 else logging.INFO
    if route in _PROBES:
        level = logging.DEBUG if status < 400 else logging.INFO
    if log.isEnabledFor(level):
        fields = _fields(exchange, route, seconds, labels)
        log.log(level, "request", extra={"fields": fields})


def _fields(exchange: Exchange, route: str, seconds: float, labels: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "method": exchange.scope["method"],
        "route": route,
        "status": exchange.status,
        "ms": round(seconds * 1e3, 3),
        "client": exchange.client,
        "bytes_in": exchange.received,
    }
    notes = exchange.notes
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
