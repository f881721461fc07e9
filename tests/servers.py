"""A real server in a process of its own, on a free loopback port."""

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx


@dataclass
class Server:
    process: subprocess.Popen[str]
    url: str
    log: list[str] = field(default_factory=list)


@contextlib.contextmanager
def running(bundle: Path, *options: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", "0", *options]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stderr is not None
    server = Server(process, "")
    try:
        for line in process.stderr:
            server.log.append(line)
            if found := re.search(r"http://\S+", line):
                server.url = found.group()
                break
        assert server.url, "".join(server.log)
        drain = threading.Thread(target=lambda: server.log.extend(process.stderr or ()), daemon=True)
        drain.start()
        wait_until_ready(server.url)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(120)
        process.stderr.close()


def wait_until_ready(url: str, timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz", timeout=30).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{url} did not become ready")
