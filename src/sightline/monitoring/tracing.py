"""OpenTelemetry: a span for each request, and under it one for each stage of its pictures.

The stages' spans are made after the answer, from the times that it carries: the threads that work know nothing of them.
"""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sightline import __version__
from sightline.extras import require
from sightline.records import Prediction, Timings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Span

_STAGES = ("queue", "decode", "preprocess", "infer", "decide")
_MOST_PICTURES = 8
"""Of a request, whose stages become spans."""


class Tracing:
    """Spans of one service. All methods but `close` belong to the event loop."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("sightline", __version__)
        self._api = trace
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, name: str, headers: Mapping[str, str]) -> "Span":
        """Start the span of a request, under the one that its headers `traceparent` and `tracestate` name, if any."""
        context = self._propagator.extract(headers) if headers else None
        return self._tracer.start_span(name, context, kind=self._api.SpanKind.SERVER)

    def traceparent(self, span: "Span") -> str:
        """What names a span to others (W3C Trace Context)."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, self._api.set_span_in_context(span))
        return carrier.get("traceparent", "")

    def end(
        self,
        span: "Span",
        attributes: Mapping[str, Any],
        answered: Sequence[tuple[str, Prediction, int]],
        fault: str | None = None,
    ) -> None:
        """End the span of a request.

        answered: model, answer, and when it came in nanoseconds since 1970. fault: what went wrong in the server; None:
        nothing, though the request may have been refused.
        """
        if span.is_recording():
            span.set_attributes(attributes)
            if fault is not None:
                span.set_attribute("error.type", fault)
                span.set_status(self._api.StatusCode.ERROR)
            context = self._api.set_span_in_context(span)
            for picture, (model, answer, moment_ns) in enumerate(answered[:_MOST_PICTURES]):
                facts: dict[str, str | int] = {"sightline.model": model, "sightline.picture": picture}
                for stage, start_ns, end_ns in _laid_out(answer.timings, moment_ns):
                    self._tracer.start_span(stage, context, attributes=facts, start_time=start_ns).end(end_ns)
        span.end(time.time_ns())

    def close(self) -> None:
        """Send what has not been sent; gives up after some seconds."""
        self._provider.shutdown()


def _laid_out(timings: Timings, end_ns: int) -> Sequence[tuple[str, int, int]]:
    """The stages one after the other, the last of them ending when the answer came."""
    spans = []
    for stage in reversed(_STAGES):
        start_ns = end_ns - int(getattr(timings, f"{stage}_ms") * 1e6)
        spans.append((stage, start_ns, end_ns))
        end_ns = start_ns
    return spans[::-1]


def open_tracing(processor: "SpanProcessor | None" = None) -> Tracing:
    """Begin to trace as the variables `OTEL_…` say; `processor`: what takes the spans, else OTLP over HTTP.

    Raises:
        MissingExtra: OpenTelemetry is not installed.
    """
    require("opentelemetry.sdk.trace")
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if processor is None:
        exporter = require("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        processor = BatchSpanProcessor(exporter.OTLPSpanExporter())
    # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say goes before this.
    usual = Resource({SERVICE_NAME: "sightline"}).merge(Resource.create())
    provider = TracerProvider(resource=usual)
    provider.add_span_processor(processor)
    return Tracing(provider)
