"""Spans as a collector gets them."""

import pytest

pytest.importorskip("opentelemetry.sdk.trace", reason="needs the extra [otel]")

import itertools
import time

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from sightline.monitoring import open_tracing
from sightline.records import Prediction, Timings

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TIMINGS = Timings(queue_ms=1, decode_ms=2, preprocess_ms=3, infer_ms=4, decide_ms=5)
ANSWER = Prediction(
    id="p",
    bundle_id="b" * 64,
    task="multiclass",
    labels=("crack",),
    label="crack",
    probability=0.9,
    candidates=(),
    decision="accept",
    reason="",
    timings=TIMINGS,
)


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter):
    opened = open_tracing(SimpleSpanProcessor(exporter))
    yield opened
    opened.close()


def test_a_request_has_a_span_under_that_of_its_client_and_one_for_each_stage(tracing, exporter):
    span = tracing.begin("POST", {"traceparent": f"00-{TRACE}-{PARENT}-01"})
    said = tracing.traceparent(span)
    now = time.time_ns()

    tracing.end(span, {"http.route": "/v1/predict"}, [("tiles", ANSWER, now)])

    *stages, whole = exporter.get_finished_spans()
    assert f"{whole.context.trace_id:032x}" == TRACE
    assert f"{whole.parent.span_id:016x}" == PARENT
    assert said == f"00-{TRACE}-{whole.context.span_id:016x}-01"
    assert dict(whole.attributes) == {"http.route": "/v1/predict"}
    assert [one.name for one in stages] == ["queue", "decode", "preprocess", "infer", "decide"]
    assert [round((one.end_time - one.start_time) / 1e6) for one in stages] == [1, 2, 3, 4, 5]
    assert all(first.end_time == then.start_time for first, then in itertools.pairwise(stages))
    assert stages[-1].end_time == now
    assert {one.parent.span_id for one in stages} == {whole.context.span_id}
    assert stages[0].attributes["sightline.model"] == "tiles"


def test_what_the_client_does_not_record_is_not_recorded(tracing, exporter):
    span = tracing.begin("POST", {"traceparent": f"00-{TRACE}-{PARENT}-00"})

    tracing.end(span, {}, [("tiles", ANSWER, time.time_ns())])

    assert exporter.get_finished_spans() == ()
    assert tracing.traceparent(span).endswith("-00")


def test_an_error_of_the_server_is_one_of_the_span(tracing, exporter):
    span = tracing.begin("POST", {})

    tracing.end(span, {}, [], "503")

    (whole,) = exporter.get_finished_spans()
    assert not whole.status.is_ok
    assert whole.attributes["error.type"] == "503"


def test_a_request_of_many_pictures_makes_a_bounded_number_of_spans(tracing, exporter):
    span = tracing.begin("POST", {})

    tracing.end(span, {}, [("tiles", ANSWER, time.time_ns())] * 64)

    assert len(exporter.get_finished_spans()) == 1 + 8 * 5
