"""What a connection may do before and beside a request: slow, endless and oversized ones, by plain sockets."""

import contextlib
import errno
import http.client
import re
import socket
import time

import httpx
import pytest

from pictures import encode, gradient
from servers import running
from sightline.serving.listening import listen

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

        took = time.monotonic() - started

    assert answer.startswith(b"HTTP/1.1 408")
    assert 1.5 < took < 3.5  # --body-timeout, and not twice


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


UPGRADE = HEAD + b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
WHOLE = f"content-length: {len(PICTURE)}\r\n\r\n".encode() + PICTURE


def statuses(answers):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", answers)]


@pytest.mark.parametrize("pieces", [1, 2], ids=["in one piece", "body apart"])
def test_a_wish_for_another_protocol_is_passed_over_and_the_body_is_read(url, pieces):
    with connected(url) as opened:
        if pieces == 1:
            opened.sendall(UPGRADE + WHOLE)
        else:
            opened.sendall(UPGRADE + WHOLE[: -len(PICTURE)])
            time.sleep(0.2)
            opened.sendall(PICTURE)
        assert status_of_one_answer(opened) == 200
        opened.sendall(HEAD + WHOLE)
        assert status_of_one_answer(opened) == 200


def test_no_request_can_be_hidden_in_the_body_of_one_that_wishes_for_another_protocol(url):
    hidden = b"GET /livez HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n"
    with connected(url) as opened:
        opened.sendall(UPGRADE + b"content-length: %d\r\n\r\n" % len(hidden))
        time.sleep(0.2)
        opened.sendall(hidden + hidden)
        answers = everything(opened)

    assert statuses(answers) == [415, 200]


def test_requests_sent_ahead_without_end_are_answered_up_to_a_bound_and_then_cut_off(url):
    with connected(url) as opened:
        opened.sendall(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n" * 2000)
        answers = statuses(everything(opened))

    assert set(answers) == {200}
    assert 128 <= len(answers) <= 130


def test_a_hundred_wishes_in_one_piece_are_passed_over(url):
    one = b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    with connected(url) as opened:
        opened.sendall(one * 100 + one.replace(b"connection: upgrade", b"connection: upgrade, close"))
        answers = everything(opened)

    assert statuses(answers) == [200] * 101


def test_this_is_no_proxy(url):
    with connected(url) as opened:
        opened.sendall(b"CONNECT elsewhere.example:443 HTTP/1.1\r\nhost: x\r\n\r\nwhatever")
        assert statuses(everything(opened)) == [405]


@pytest.mark.parametrize(
    "behind",
    [b"\x00\x01 no request\r\n\r\n", b"GET /livez HTTP/1.1\r\nx: " + b"a" * 40_000 + b"\r\n\r\n"],
    ids=["garbage", "a head too long"],
)
def test_what_cannot_be_read_takes_no_answer_from_what_came_before(url, behind):
    with connected(url) as opened:
        opened.sendall((HEAD + WHOLE) * 3 + behind)
        answers = everything(opened)

    assert statuses(answers)[:3] == [200] * 3


def test_who_asks_whether_to_send_a_body_that_is_refused_is_not_asked_for_it(url):
    asking = HEAD + b"x-request-timeout-ms: never\r\nexpect: 100-continue\r\ncontent-length: 300000\r\n\r\n"
    with connected(url) as opened:
        opened.sendall(asking)
        answers = everything(opened)

    assert statuses(answers) == [400]


def test_who_asks_whether_to_send_a_body_that_is_wanted_is_asked_for_it(url):
    with connected(url) as opened:
        opened.sendall(HEAD + b"expect: 100-continue\r\n" + WHOLE[: -len(PICTURE)])
        assert opened.recv(65536).startswith(b"HTTP/1.1 100")
        opened.sendall(PICTURE)
        assert status_of_one_answer(opened) == 200


SMUGGLED = {
    "length and chunks": b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"content-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
    "a length in words": b"content-length: 1_0\r\n\r\nabcdefghij",
    "a length with a sign": b"content-length: +5\r\n\r\nabcde",
    "a folded field": b"transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"content-length : 5\r\n\r\nabcde",
    "line feeds alone": b"content-length: 5\n\nabcde",
    "an unknown encoding": b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked not last": b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a chunk size with a prefix": b"transfer-encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n",
    "a line feed in a chunk's extension": b"transfer-encoding: chunked\r\n\r\n5;a\nb\r\nabcde\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("shape", SMUGGLED)
def test_a_request_whose_end_is_in_doubt_is_refused_and_so_is_what_follows(url, shape):
    with connected(url) as opened:
        opened.sendall(HEAD + SMUGGLED[shape] + b"GET /livez HTTP/1.1\r\nhost: here\r\n\r\n")
        assert statuses(everything(opened)) == [400]


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no such timeout")
def test_who_takes_nothing_of_an_answer_is_cut_off():
    with (
        listen("127.0.0.1", 0, unread_s=1.0) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        server, _ = listener.accept()
        server.settimeout(30)
        with server, pytest.raises(TimeoutError) as cut:
            server.sendall(bytes(50_000_000))

    assert cut.value.errno == errno.ETIMEDOUT  # the system's, not that of this test
