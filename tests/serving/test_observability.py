"""What a running server says about itself: its log, its metrics, its traces."""

import contextlib
import http.server
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from bundles import make_bundle
from pictures import encode, gradient
from servers import running, wait_until_ready

PICTURE = encode(gradient())
FULL = Path("/dev/full")
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


def lines_of(server):
    """What a stopped server has logged."""
    return [json.loads(line) for line in server.log]


def of(lines, request_id):
    return [line for line in lines if line.get("request_id") == request_id]


def ask(server, content=PICTURE, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(f"{server.url}/v1/predict", content=content, headers=named, timeout=60)


@pytest.fixture(scope="module")
def told(bundle):
    """The log of a server with all options on, and what its answers were."""
    with running(bundle, "--threads", "1", "--log-level", "debug", "--log-labels") as server:
        answers = {
            "good": ask(server, x_request_id="good", traceparent=TRACEPARENT),
            "bad": ask(server, b"no picture", x_request_id="bad"),
            "form": httpx.post(
                f"{server.url}/v1/predict",
                files=[("file", ("secret-name.png", PICTURE)), ("file", ("b.png", PICTURE))],
                headers={"x-request-id": "form", "authorization": "Bearer secret-key"},
                timeout=60,
            ),
            "nowhere": httpx.get(f"{server.url}/no%0Ahere?q=secret", headers={"x-request-id": "nowhere"}),
        }
        metrics = httpx.get(f"{server.url}/metrics").text
    return lines_of(server), answers, metrics


def test_every_line_is_json_with_a_time_a_level_and_a_logger(told):
    lines, _, _ = told

    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)


def test_a_request_is_one_line_with_what_became_of_it(told):
    lines, answers, _ = told

    (line,) = [line for line in of(lines, "good") if line["message"] == "request"]

    said = answers["good"].json()
    assert line["trace_id"] == TRACE
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/predict", 200)
    assert (line["model"], line["bundle_id"], line["decision"]) == ("tiles", said["bundle_id"], "accept")
    assert (line["labels"], line["bytes_in"], line["client"]) == (said["labels"], len(PICTURE), "127.0.0.1")
    assert line["ms"] > 0


def test_a_refused_request_has_its_reason_and_several_pictures_are_summed_up(told):
    lines, _, _ = told

    (bad,) = of(lines, "bad")
    (form,) = [line for line in of(lines, "form") if line["message"] == "request"]

    assert (bad["status"], bad["error"]) == (415, "format_not_allowed")
    assert (form["images"], form["decisions"]) == (2, {"accept": 2})


def test_neither_file_names_nor_headers_nor_paths_nor_queries_are_logged(told):
    lines, answers, _ = told

    assert answers["nowhere"].status_code == 404
    assert of(lines, "nowhere")[0]["route"] == "unknown"
    assert "secret" not in json.dumps(lines)


def test_at_level_debug_each_stage_has_shape_type_range_and_memory(told):
    lines, _, _ = told

    stages = {line["stage"]: line for line in of(lines, "good") if line["message"] == "stage"}

    names = ["bytes", "decode", "orient", "resize", "input", "logits", "probabilities"]
    assert list(stages) == names
    assert (stages["bytes"]["shape"], stages["bytes"]["dtype"]) == ([len(PICTURE)], "uint8")
    assert stages["input"]["shape"] == [1, 32, 32, 3]
    assert stages["input"]["bytes"] == 32 * 32 * 3
    assert (stages["logits"]["shape"], stages["logits"]["dtype"]) == ([3], "float32")
    assert stages["probabilities"]["mean"] == pytest.approx(1 / 3)
    assert all(0 <= line["min"] <= line["max"] <= 255 for line in list(stages.values())[:5])
    assert all(line["rss_bytes"] > 1_000_000 for line in stages.values())


def test_the_trace_comes_back_and_request_time_and_loads_are_counted(told):
    _, answers, metrics = told

    assert answers["good"].headers["traceparent"] == TRACEPARENT
    assert "traceparent" not in answers["bad"].headers
    assert 'sightline_http_request_duration_seconds_count{route="/v1/predict",status="2xx"} 2.0' in metrics
    assert 'sightline_model_loads_total{result="ok"} 1.0' in metrics
    assert "process_resident_memory_bytes" in metrics
    assert "_created" not in metrics


def test_usually_there_are_no_labels_and_no_stages_and_probes_are_quiet(bundle):
    with running(bundle, "--threads", "1") as server:
        ask(server, x_request_id="one")
        httpx.get(f"{server.url}/metrics")

    lines = lines_of(server)
    (line,) = of(lines, "one")
    assert line["decision"] == "accept"
    assert not {"labels", "probability"} & set(line)
    assert not [line for line in lines if line.get("route") in {"/readyz", "/metrics"}]


def test_without_the_access_log_a_request_is_no_line(bundle):
    with running(bundle, "--threads", "1", "--no-access-log", "--log-format", "text") as server:
        ask(server, x_request_id="one")

    assert not [line for line in server.log if "request_id=one" in line]
    assert " info    Serving " in server.log[0]


def test_what_never_becomes_a_request_is_counted(bundle):
    with running(bundle, "--threads", "1") as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"no such method\r\n\r\n")
            connection.recv(1000)

        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nx: " + b"y" * 40_000)
            connection.recv(1000)
        metrics = httpx.get(f"{server.url}/metrics").text

    assert 'sightline_refusals_total{code="head_too_large"} 1.0' in metrics
    assert 'sightline_refusals_total{code="malformed_request"} 1.0' in metrics


@pytest.mark.skipif(not FULL.exists(), reason="the system has no full disk to offer")
def test_a_full_disk_takes_neither_answers_nor_the_end_away(bundle):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", str(port), "--threads", "1"]
    with FULL.open("w") as full:
        process = subprocess.Popen(command, stderr=full, stdout=full)
    try:
        wait_until_ready(url)
        answers = [httpx.post(f"{url}/v1/predict", content=PICTURE, timeout=60) for _ in range(3)]
        deadline = time.monotonic() + 60
        while (text := httpx.get(f"{url}/metrics").text) and "log_lines_dropped_total 0.0" in text:
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    finally:
        process.kill()

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert code == 0


def test_a_pipe_that_nobody_reads_stops_nothing(tmp_path):
    reading, writing = os.pipe()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    bundle = make_bundle(tmp_path / "b")
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--threads", "1", "--log-level", "debug"], stderr=writing, stdout=subprocess.DEVNULL
    )
    os.close(writing)
    try:
        wait_until_ready(url)
        with httpx.Client(timeout=60) as client:  # some 2 KB of lines each, and a pipe holds 64
            answers = [client.post(f"{url}/v1/predict", content=PICTURE) for _ in range(80)]
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    finally:
        process.kill()
        os.close(reading)

    assert {answer.status_code for answer in answers} == {200}
    assert code == 0


@contextlib.contextmanager
def collector():
    """A collector of OpenTelemetry's: gives the bodies that were sent to it."""
    bodies = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            data = self.rfile.read(int(self.headers["content-length"]))
            bodies.append((self.path, data))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    server.server_close()


def _exporter_is_here():
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.skipif(not _exporter_is_here(), reason="needs the extra [otel]")
def test_traces_arrive_where_the_environment_says(bundle, monkeypatch):
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    with collector() as (endpoint, bodies):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        with running(bundle, "--threads", "1") as server:
            answer = ask(server, traceparent=TRACEPARENT)
    spans = []
    for path, data in bodies:
        assert path == "/v1/traces"
        request = ExportTraceServiceRequest.FromString(data)
        spans += [s for r in request.resource_spans for scope in r.scope_spans for s in scope.spans]

    ours = [span for span in spans if span.trace_id.hex() == TRACE]
    assert [span.name for span in ours] == [
        "queue",
        "decode",
        "preprocess",
        "infer",
        "decide",
        "POST /v1/predict",
    ]
    assert answer.headers["traceparent"] == f"00-{TRACE}-{ours[-1].span_id.hex()}-01"
    assert ours[-1].parent_span_id.hex() == PARENT


@pytest.mark.skipif(_exporter_is_here(), reason="the extra [otel] is installed")
def test_without_the_extra_a_wish_for_traces_is_an_error_and_an_endpoint_a_warning(bundle, monkeypatch):
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", "0", "--otel"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    with running(bundle, "--threads", "1") as server:
        assert ask(server).status_code == 200

    assert refused.returncode == 5
    assert "sightline[otel]" in refused.stderr
    assert [line for line in lines_of(server) if "no traces are sent" in line["message"]]
