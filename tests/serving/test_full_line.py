"""What a server says when it has no room for a picture: at once, and the same as by the longer way."""

import contextlib
import json
import logging
import socket
import time

import httpx
import pytest

from pictures import encode, gradient
from servers import hosted, wait_until
from sightline.serving import ServerSettings, Service
from sightline.serving.models import open_model
from sightline.serving.security import SecuritySettings, add_key

PICTURE = encode(gradient())
LARGE = bytes(3_000_000)
LONGER_WAY = {"idempotency-key": "one", "expect": "100-continue"}
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    return file, {
        "sender": add_key(file, "sender", ["predict", "read"]),
        "slow": add_key(file, "slow", ["predict"], rate_per_s=0.01, burst=1),
        "reader": add_key(file, "reader", ["read"]),
    }


@pytest.fixture(scope="module", params=[False, True], ids=["open", "keys"])
def server(bundle, keys, request):
    security = SecuritySettings(api_keys=keys[0]) if request.param else SecuritySettings()
    settings = ServerSettings(threads=1, body_timeout_s=1, security=security)
    with hosted(Service([open_model(bundle, settings)], settings)) as started:
        yield started


@pytest.fixture
def client(server, keys):
    headers = {"x-api-key": keys[1]["sender"]} if server.service.settings.security.asks_who else {}
    with httpx.Client(base_url=server.url, timeout=60, headers=headers) as opened:
        yield opened


@contextlib.contextmanager
def full(server):
    """As if as many pictures were in flight as may be."""
    line = server.service.line
    line.images += line.bounds.images
    try:
        yield
    finally:
        line.images -= line.bounds.images


@contextlib.contextmanager
def connected(client):
    place = client.base_url
    with socket.create_connection((place.host, place.port), timeout=20) as opened:
        yield opened


def head_of(client, length, *more):
    fields = [f"{name}: {value}" for name, value in client.headers.items() if name.startswith("x-")]
    lines = ["POST /v1/predict HTTP/1.1", "host: here", f"content-length: {length}", *fields, *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_the_refusal_says_what_every_answer_says_and_the_connection_is_used_again(server, client):
    ids = {"x-request-id": "mine", "traceparent": TRACEPARENT}
    with full(server):
        longer = client.post("/v1/predict", content=PICTURE, headers={**ids, "idempotency-key": "x"})
        refused = client.post("/v1/predict?top_k=2", content=PICTURE, headers=ids)
    answered = client.post("/v1/predict", content=PICTURE)

    connections = {
        one.extensions["network_stream"].get_extra_info("client_addr") for one in (refused, answered)
    }
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "overloaded")
    assert refused.headers["retry-after"] == "1"
    assert "date" in refused.headers
    assert {**refused.headers, "date": ""} == {**longer.headers, "date": ""}
    assert refused.json() == longer.json()
    assert answered.status_code == 200
    assert len(connections) == 1


def test_it_is_counted_and_logged_by_who_asked(server, client, caplog):
    service = server.service

    def counted():
        sample = service.metrics.registry.get_sample_value
        wanted = {"route": "/v1/embed", "status": "429"}
        return (
            sample("sightline_refusals_total", {"code": "overloaded"}) or 0,
            sample("sightline_http_requests_total", wanted) or 0,
            sample("sightline_http_request_body_bytes_total"),
        )

    before = counted()
    with full(server), caplog.at_level(logging.INFO, "sightline.access"):
        client.post("/v1/embed", content=PICTURE)

    after = counted()
    (line,) = (record.fields for record in caplog.records if record.name == "sightline.access")
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, len(PICTURE)]
    assert line["client"] == ("sender" if service.settings.security.asks_who else "127.0.0.1")
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/embed", 429)
    assert (line["bytes_in"], line["error"]) == (len(PICTURE), "overloaded")


def test_who_may_not_ask_is_told_that_instead(server, client, keys):
    if not server.service.settings.security.asks_who:
        pytest.skip("whoever asks may")
    with full(server):
        found = {
            name: httpx.post(f"{server.url}/v1/predict", content=PICTURE, headers=headers).status_code
            for name, headers in {
                "nobody": {},
                "unknown": {"x-api-key": "sk-sightline-unknown"},
                "reader": {"authorization": f"Bearer {keys[1]['reader']}"},
                "sender": {"authorization": f"Bearer {keys[1]['sender']}"},
            }.items()
        }

    assert found == {"nobody": 401, "unknown": 401, "reader": 403, "sender": 429}


def test_a_refusal_takes_nothing_from_the_rate_of_a_key(server, client, keys):
    if not server.service.settings.security.asks_who:
        pytest.skip("no key, no rate")
    client.headers["x-api-key"] = keys[1]["slow"]
    with full(server):
        codes = [client.post("/v1/predict", content=PICTURE).json()["error"]["code"] for _ in range(5)]

    assert codes == ["overloaded"] * 5
    assert client.post("/v1/predict", content=PICTURE).status_code == 200


@pytest.mark.parametrize("header", LONGER_WAY)
def test_what_needs_a_closer_look_is_refused_as_well(server, client, header):
    with full(server), connected(client) as opened:
        opened.sendall(head_of(client, len(PICTURE), f"{header}: {LONGER_WAY[header]}") + PICTURE)
        received = opened.recv(65536)

    assert received.startswith(b"HTTP/1.1 429 ")


def test_a_large_body_is_received_and_forgotten_and_one_too_large_cut_off(server, client):
    with full(server):
        large = client.post("/v1/predict", content=LARGE)
        with connected(client) as opened:
            opened.sendall(head_of(client, 10**10))
            with contextlib.suppress(ConnectionError):
                while True:
                    opened.sendall(LARGE)

    assert large.status_code == 429
    assert "connection" not in large.headers
    assert server.service.line.images == 0


def test_a_body_that_does_not_come_is_not_waited_for(server, client):
    started = time.monotonic()
    with full(server), connected(client) as opened:
        opened.sendall(head_of(client, 1000) + b"some")
        received = b""
        while chunk := opened.recv(65536):
            received += chunk

    assert received.startswith(b"HTTP/1.1 429 ")
    assert b"connection: close" in received
    assert 0.9 <= time.monotonic() - started < 15


def test_who_hangs_up_is_counted_as_refused(server, client):
    def counted():
        labels = {"code": "overloaded"}
        return server.service.metrics.registry.get_sample_value("sightline_refusals_total", labels) or 0

    before = counted()
    with full(server):
        with connected(client) as opened:
            opened.sendall(head_of(client, 1000) + b"some")
        wait_until(lambda: counted() == before + 1)


def test_an_old_client_is_told_by_the_end_of_the_connection(server, client):
    head = head_of(client, len(PICTURE), "connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")
    with full(server), connected(client) as opened:
        opened.sendall(head + PICTURE)
        received = b""
        while chunk := opened.recv(65536):
            received += chunk

    assert received.startswith(b"HTTP/1.1 429 ")
    assert b"connection: close" in received


def test_a_flood_of_requests_on_one_connection_is_cut_off(server, client):
    with full(server), connected(client) as opened:
        with contextlib.suppress(ConnectionError):
            opened.sendall(head_of(client, 0) * 20_000)
        received = b""
        with contextlib.suppress(ConnectionError):
            while chunk := opened.recv(1 << 20):
                received += chunk

    assert received.count(b"HTTP/1.1 ") < 2_000
    assert client.get("/livez").status_code == 200


def test_requests_sent_ahead_are_refused_and_answered_in_turn(server, client):
    both = head_of(client, len(PICTURE)) + PICTURE
    bad = head_of(client, 3) + b"bad"
    with full(server), connected(client) as opened:
        opened.sendall(both + b"GET /livez HTTP/1.1\r\nhost: here\r\n\r\n" + both + bad)
        received = b""
        while received.count(b"HTTP/1.1 ") < 4:
            received += opened.recv(65536)

    statuses = [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [429, 200, 429, 429]
    assert json.loads(received.split(b"\r\n\r\n")[1].split(b"HTTP/1.1")[0])["error"]["code"] == "overloaded"
