"""The span of a request."""

import contextlib
import logging
import os
from collections.abc import Iterator
from typing import Any

from sightline.errors import MissingExtra
from sightline.monitoring import Tracing, open_tracing
from sightline.serving.exchange import Exchange

log = logging.getLogger("sightline.serving")

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROPAGATED = (b"traceparent", b"tracestate")


@contextlib.contextmanager
def traced(wanted: bool | None) -> Iterator[Tracing | None]:
    """Trace for as long as the block lasts; None: where the environment names an endpoint.

    A cluster may name one to every container, so that is no reason not to start without OpenTelemetry.

    Raises:
        MissingExtra: it is wanted, and OpenTelemetry is not installed.
    """
    tracing = None
    if wanted or (wanted is None and any(os.environ.get(name) for name in _ENDPOINTS)):
        try:
            tracing = open_tracing()
        except MissingExtra as err:
            if wanted:
                raise
            log.warning("no traces are sent, although the environment names an endpoint for them: %s", err)
    try:
        yield tracing
    finally:
        if tracing is not None:
            tracing.close()


def begin_span(tracing: Tracing | None, exchange: Exchange) -> Any:
    """Start it, so that the answer and the log can name it; None: nothing is traced."""
    if tracing is None:
        return None
    headers = {
        name.decode(): exchange.headers[name].decode("latin-1")
        for name in _PROPAGATED
        if name in exchange.headers
    }
    span = tracing.begin(exchange.scope["method"], headers)
    traceparent = tracing.traceparent(span)
    if traceparent:
        exchange.traceparent = traceparent
        exchange.notes.trace_id = traceparent.split("-")[1]
    return span


def end_span(tracing: Tracing, span: Any, exchange: Exchange, route: str) -> None:
    """End it with what has been found out."""
    notes, method = exchange.notes, exchange.scope["method"]
    attributes: dict[str, Any] = {
        "http.request.method": method,
        "http.route": route,
        "http.request.body.size": exchange.received,
        "url.scheme": exchange.scope.get("scheme", "http"),
        "sightline.request_id": exchange.id,
        "sightline.images": len(notes.answered),
    }
    if notes.error is not None:
        attributes["sightline.error"] = notes.error
    if notes.answered:
        model, answer, _ = notes.answered[0]
        attributes |= {"sightline.model": model, "sightline.bundle_id": answer.bundle_id}
        if len(notes.answered) == 1:
            attributes["sightline.decision"] = answer.decision
    span.update_name(f"{method} {route}")
    tracing.end(span, exchange.status, attributes, notes.answered)
