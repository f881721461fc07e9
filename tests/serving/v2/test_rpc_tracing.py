"""Spans of calls over gRPC."""

import pytest

pytest.importorskip("opentelemetry.sdk.trace", reason="needs the extra [otel]")

import asyncio

import grpc
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from tritonclient.grpc import service_pb2, service_pb2_grpc

from pictures import encode, gradient
from sightline.monitoring import open_tracing
from sightline.serving import ServerSettings, Service
from sightline.serving.models import open_model
from sightline.serving.security import Guard
from sightline.serving.v2.rpc import start_rpc

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
METADATA = (("traceparent", f"00-{TRACE}-{PARENT}-01"), ("x-request-id", "line-3:7"))


def infer(picture):
    request = service_pb2.ModelInferRequest(model_name="tiles")
    given = request.inputs.add(name="image", datatype="BYTES", shape=[1])
    given.contents.bytes_contents.append(picture)
    return "ModelInfer", request


def spans_of(bundle, call, metadata=METADATA, traced=True):
    """Send a call to a server; return the spans of it, the last one its own, and the trailing metadata."""
    exporter = InMemorySpanExporter()

    async def run():
        settings = ServerSettings(threads=1, grpc_port=0)
        service = Service([open_model(bundle, settings)], settings)
        service.tracing = open_tracing(SimpleSpanProcessor(exporter)) if traced else None
        await service.start()
        server, port = await start_rpc(service, Guard(settings.security))
        method, request = call
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                asked = getattr(service_pb2_grpc.GRPCInferenceServiceStub(channel), method)(
                    request, metadata=metadata, timeout=60
                )
                code = await asked.code()
                return code, dict(await asked.trailing_metadata())
        finally:
            await server.stop(None)
            service.stop()

    code, trailing = asyncio.run(run())
    return exporter.get_finished_spans(), code, trailing


def test_a_call_has_a_span_under_that_of_its_client_and_one_for_each_stage(bundle):
    (*stages, whole), code, trailing = spans_of(bundle, infer(encode(gradient())))

    assert code == grpc.StatusCode.OK
    assert (whole.name, whole.kind) == ("inference.GRPCInferenceService/ModelInfer", SpanKind.SERVER)
    assert f"{whole.context.trace_id:032x}" == TRACE
    assert f"{whole.parent.span_id:016x}" == PARENT
    assert trailing["traceparent"] == f"00-{TRACE}-{whole.context.span_id:016x}-01"
    said = dict(whole.attributes)
    assert len(said.pop("sightline.bundle_id")) == 64
    assert said.pop("sightline.decision") in {"accept", "review"}
    assert said == {
        "rpc.system": "grpc",
        "rpc.service": "inference.GRPCInferenceService",
        "rpc.method": "ModelInfer",
        "rpc.grpc.status_code": 0,
        "sightline.request_id": "line-3:7",
        "sightline.images": 1,
        "sightline.model": "tiles",
    }
    assert [one.name for one in stages] == ["queue", "decode", "preprocess", "infer", "decide"]
    assert {one.parent.span_id for one in stages} == {whole.context.span_id}


def test_a_refused_call_says_why_and_is_no_fault_of_the_server(bundle):
    (whole,), code, trailing = spans_of(bundle, infer(b"no picture"))

    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert whole.status.is_ok
    assert whole.attributes["rpc.grpc.status_code"] == 3
    assert whole.attributes["sightline.error"] == "format_not_allowed"
    assert trailing["traceparent"].split("-")[1] == TRACE


def test_a_fault_of_the_server_is_one_of_the_span(bundle, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("sightline.serving.v2.rpc.find_model", fail)
    (whole,), code, _ = spans_of(bundle, ("ModelReady", service_pb2.ModelReadyRequest(name="tiles")))

    assert code == grpc.StatusCode.INTERNAL
    assert not whole.status.is_ok
    assert whole.attributes["error.type"] == "INTERNAL"


def test_untraced_the_client_gets_its_own_trace_back(bundle):
    live = "ServerLive", service_pb2.ServerLiveRequest()

    spans, _, trailing = spans_of(bundle, live, traced=False)
    _, _, without = spans_of(bundle, live, metadata=(), traced=False)

    assert spans == ()
    assert trailing == dict(METADATA)
    assert set(without) == {"x-request-id"}
