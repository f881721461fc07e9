"""How many connections a server has at a time, by plain sockets."""

import contextlib
import re
import socket
import subprocess
import sys
import time

import pytest

from servers import running, wait_until_ready

LARGE = b"POST /v1/predict HTTP/1.1\r\ncontent-length: 200000\r\n\r\n" + bytes(200_000)
PROBE = b"GET /livez HTTP/1.1\r\nhost: here\r\n\r\n"


def connect(url):
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def ask(opened):
    opened.sendall(PROBE)
    return opened.recv(65536)


def everything(opened):
    received = b""
    while chunk := opened.recv(65536):
        received += chunk
    return received


def wait_for_an_answer(url):
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError), connect(url) as opened:
            if ask(opened).startswith(b"HTTP/1.1 200"):
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_connection_too_many_is_told_so_and_closed_and_the_others_are_answered(bundle):
    with running(bundle, "--threads", "1", "--max-connections", "3") as server:
        wait_for_an_answer(server.url)
        with contextlib.ExitStack() as stack:
            kept = [stack.enter_context(connect(server.url)) for _ in range(3)]
            for opened in kept:
                assert ask(opened).startswith(b"HTTP/1.1 200")

            for request in (
                b"",
                PROBE,
                b"POST /v1/predict HTTP/1.1\r\ncontent-length: 200000\r\n\r\n" + bytes(200_000),
            ):
                with connect(server.url) as refused:
                    refused.sendall(request)
                    answer = everything(refused)
                assert answer.startswith(b"HTTP/1.1 503 ")
                assert b"\r\nretry-after: 1\r\n" in answer

            for opened in kept:
                assert ask(opened).startswith(b"HTTP/1.1 200")
            kept[0].sendall(PROBE.replace(b"livez", b"metrics"))
            assert b'sightline_refusals_total{code="too_many_connections"} 3.0' in kept[0].recv(1_000_000)
        wait_for_an_answer(server.url)


def test_a_flood_of_connections_too_many_is_let_go(bundle):
    with (
        running(bundle, "--threads", "1", "--max-connections", "2") as server,
        contextlib.ExitStack() as stack,
    ):
        wait_for_an_answer(server.url)
        kept = stack.enter_context(connect(server.url))
        assert ask(kept).startswith(b"HTTP/1.1 200")
        others = [stack.enter_context(connect(server.url)) for _ in range(200)]
        refused = [everything(one) for one in others[1:]]
        others[0].close()

        assert all(one.startswith(b"HTTP/1.1 503 ") for one in refused)
        assert ask(kept).startswith(b"HTTP/1.1 200")


@pytest.mark.skipif(sys.platform != "linux", reason="limits open files as Linux does")
def test_with_few_files_the_server_has_fewer_connections_and_never_runs_out(bundle):
    command = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", sys.executable, "-m", "sightline", "serve"]
    process = subprocess.Popen(
        [*command, str(bundle), "--port", "0", "--threads", "1"], stderr=subprocess.PIPE, text=True
    )
    try:
        told = [process.stderr.readline() for _ in range(4)]
        url = re.search(r"http://[0-9.:]+", "".join(told)).group()
        wait_until_ready(url)
        with contextlib.ExitStack() as stack:
            kept = stack.enter_context(connect(url))
            assert ask(kept).startswith(b"HTTP/1.1 200")
            for _ in range(100):
                stack.enter_context(connect(url))
            assert ask(kept).startswith(b"HTTP/1.1 200")
        wait_for_an_answer(url)
    finally:
        process.terminate()
        code = process.wait(60)
        rest = process.stderr.read()
        process.stderr.close()

    assert "32 connections at a time, not 4096: this process may have 64 files open" in "".join(told)
    assert "Too many open files" not in rest
    assert code == 0


def test_the_limit_of_open_files_is_raised_as_far_as_needed():
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 600));"
        "from sightline.serving.connections import afford;"
        "print(afford(200), *resource.getrlimit(resource.RLIMIT_NOFILE), afford(1000), *resource.getrlimit(7))"
    )

    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert said.stdout.split() == ["200", "456", "600", "344", "600", "600"]
