"""What a connection may do before and beside a request: slow, endless and oversized ones, by plain sockets."""

import contextlib
import http.client
import socket
import time

import httpx
import pytest

from pictures import encode, gradient
from servers import running

PICTURE = encode(gradient())
HEAD = b"POST /v1/predict HTTP/1.1\r\nhost: here\r\n"


@pytest.fixture(scope="module")
def url(bundle):
    with running(bundle, "--threads", "2", "--header-timeout", "1", "--body-timeout", "2") as started:
        yield started.url


@contextlib.contextmanager
def connected(url):
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as opened:
        yield opened


def everything(opened):
    """All that comes until the server closes the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := opened.recv(65536):
            received += chunk
    return received


def status_of_one_answer(opened):
    answer = http.client.HTTPResponse(opened)
    answer.begin()
    answer.read()
    return answer.status


def test_a_head_that_never_ends_is_cut_off(url):
    with connected(url) as opened:
        sent = 0
        with contextlib.suppress(ConnectionError):
            opened.sendall(HEAD)
            while sent < 10_000_000:
                sent += opened.send(b"x-more: " + b"a" * 1000 + b"\r\n")
        answer = everything(opened)

    assert sent < 10_000_000
    assert answer.startswith(b"HTTP/1.1 431") or not answer  # a reset may overtake the answer


@pytest.mark.parametrize("size, status", [(20_000, 200), (40_000, 431)])
def test_heads_are_taken_up_to_their_bound(url, size, status):
    with httpx.Client(base_url=url, timeout=20) as client:
        answer = client.post("/v1/predict", content=PICTURE, headers={"x-more": "a" * size})

    assert answer.status_code == status


def test_a_long_path_counts_as_head(url):
    with httpx.Client(base_url=url, timeout=20) as client:
        assert client.get("/" + "a" * 40_000).status_code == 431


@pytest.mark.parametrize("first", [b"", HEAD], ids=["nothing", "half a head"])
def test_who_sends_no_head_is_cut_off_in_time_however_busy(url, first):
    with connected(url) as opened:
        started = time.monotonic()
        opened.sendall(first)
        opened.settimeout(0.3)
        answer = b""
        while time.monotonic() - started < 15:
            try:
                chunk = opened.recv(65536)
            except TimeoutError:
                if first:
                    with contextlib.suppress(ConnectionError):
                        opened.sendall(b"x-a: b\r\n")  # a slow loris: always a little more
                continue
            except ConnectionError:
                break
            answer += chunk
            if not chunk:
                break
        took = time.monotonic() - started

    assert 0.5 < took < 10
    assert answer.startswith(b"HTTP/1.1 408") or not answer


def test_a_body_that_dribbles_is_cut_off_in_time(url):
    with connected(url) as opened:
        opened.sendall(HEAD + b"content-length: 1000\r\n\r\n")
        started = time.monotonic()
        opened.sendall(b"a")
        answer = opened.recv(65536)

    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - started < 10


def test_a_body_without_an_end_is_cut_off(url):
    with connected(url) as opened:
        sent = 0
        with contextlib.suppress(ConnectionError):
            opened.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
            while sent < 200_000_000:
                sent += opened.send(b"10000\r\n" + b"a" * 0x10000 + b"\r\n")
        answer = everything(opened)

    assert sent < 200_000_000
    assert answer.startswith(b"HTTP/1.1 413") or not answer


def test_a_connection_is_used_again_after_a_refused_body(url):
    with connected(url) as opened:
        for _ in range(3):
            bad = HEAD + b"x-request-timeout-ms: never\r\ncontent-length: 300000\r\n\r\n"
            opened.sendall(bad + b"a" * 300_000)
            assert status_of_one_answer(opened) == 400
        opened.sendall(HEAD + f"content-length: {len(PICTURE)}\r\n\r\n".encode() + PICTURE)
        assert status_of_one_answer(opened) == 200


def test_requests_may_be_sent_ahead_on_one_connection(url):
    one = HEAD + f"content-length: {len(PICTURE)}\r\n\r\n".encode() + PICTURE
    with connected(url) as opened:
        opened.sendall(one * 3 + b"GET /livez HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")
        answers = everything(opened)

    assert answers.count(b"HTTP/1.1 200") == 4


def test_idle_connections_do_not_keep_others_from_their_answers(url):
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connected(url))
        started = time.monotonic()
        assert httpx.post(f"{url}/v1/predict", content=PICTURE, timeout=20).status_code == 200
        assert time.monotonic() - started < 10
