"""The span of a request over HTTP, and of a call over gRPC."""

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any

from sightline.errors import MissingExtra
from sightline.monitoring import RequestNotes, Tracing, open_tracing
from sightline.serving.exchange import Exchange

log = logging.getLogger("sightline.serving")

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROPAGATED = (b"traceparent", b"tracestate")
_SERVER_ERROR = 500


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
    span, traceparent = begin_named(tracing, exchange.scope["method"], exchange.headers, exchange.notes)
    if traceparent:
        exchange.traceparent = traceparent
    return span


def begin_named(
    tracing: Tracing, name: str, headers: Mapping[bytes, bytes], notes: RequestNotes
) -> tuple[Any, str]:
    """Start a span under that of the headers' client, and note its trace; return it, and what names it to others."""
    known = {one.decode(): headers[one].decode("latin-1") for one in _PROPAGATED if one in headers}
    span = tracing.begin(name, known)
    traceparent = tracing.traceparent(span)
    if traceparent:
        notes.trace_id = traceparent.split("-")[1]
    return span, traceparent


def end_span(tracing: Tracing, span: Any, exchange: Exchange, route: str) -> None:
    """End it with what has been found out."""
    method, status = exchange.scope["method"], exchange.status
    attributes = {
        "http.request.method": method,
        "http.route": route,
        "http.request.body.size": exchange.received,
        "http.response.status_code": status,
        "url.scheme": exchange.scope.get("scheme", "http"),
    }
    span.update_name(f"{method} {route}")
    end_noted(tracing, span, attributes, exchange.notes, str(status) if status >= _SERVER_ERROR else None)


def end_noted(
    tracing: Tracing, span: Any, attributes: Mapping[str, Any], notes: RequestNotes, fault: str | None
) -> None:
    """End a span with these attributes and those that the notes of its request give."""
    found: dict[str, Any] = {
        "sightline.request_id": notes.request_id,
        "sightline.images": len(notes.answered),
    }
    if notes.error is not None:
        found["sightline.error"] = notes.error
    if notes.answered:
        model, answer, _ = notes.answered[0]
        found |= {"sightline.model": model, "sightline.bundle_id": answer.bundle_id}
        if len(notes.answered) == 1:
            found["sightline.decision"] = answer.decision
    tracing.end(span, {**attributes, **found}, notes.answered, fault)
