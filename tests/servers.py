"""Real servers on free loopback ports: in a process of their own, or in a thread whose service a test can reach."""

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from sightline.serving import Service
from sightline.serving.app import create_app
from sightline.serving.full_line import FullLine
from sightline.serving.protocol import bounded
from sightline.serving.security import Guard


@dataclass
class Server:
    process: subprocess.Popen[str]
    url: str
    control: str = ""
    log: list[str] = field(default_factory=list)


@contextlib.contextmanager
def running(bundle: Path, *options: str, **asking: Any) -> Iterator[Server]:
    """Start one; `asking` is what httpx needs to ask whether it is ready, over TLS for instance."""
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", "0", *options]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stderr is not None
    server = Server(process, "")
    drain = None
    try:
        for line in process.stderr:
            server.log.append(line)
            found = re.search(r"https?://[^\s\"/]+", line)
            if "Serving " in line and found:
                server.url = found.group()
            if "Control plane on " in line and found:
                server.control = found.group()
            if "Try: " in line:
                break
        assert server.url, "".join(server.log)
        drain = threading.Thread(target=lambda: server.log.extend(process.stderr or ()), daemon=True)
        drain.start()
        wait_until_ready(server.url, **asking)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(120)
        if drain is not None:
            drain.join(30)
        process.stderr.close()


def wait_until_ready(url: str, timeout_s: float = 120, **asking: Any) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz", timeout=30, **asking).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{url} did not become ready")


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what follows soon, for instance for what a server does behind an answer."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Hosted:
    """A service behind HTTP in a thread of this process, whose parts a test can reach."""

    def __init__(self, service: Service, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.service, self.url, self._loop = service, url, loop

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


@contextlib.contextmanager
def hosted(service: Service) -> Iterator[Hosted]:
    loops: list[asyncio.AbstractEventLoop] = []
    settings = service.settings
    with socket.create_server(("127.0.0.1", 0)) as listener:
        guard = Guard(settings.security, service.metrics.count_denied)
        full_line = FullLine(service, guard)
        config = uvicorn.Config(
            create_app(service, guard=guard),
            http=bounded(settings.max_header_bytes, settings.header_timeout_s, full_line=full_line),
            log_config=None,  # else uvicorn sets up handlers that later tests would see
            log_level="warning",
        )
        server = uvicorn.Server(config)

        async def run() -> None:
            loops.append(asyncio.get_running_loop())
            await server.serve([listener])

        thread = threading.Thread(target=lambda: asyncio.run(run()))
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            wait_until_ready(url)
            yield Hosted(service, url, loops[0])
        finally:
            server.should_exit = True
            thread.join(120)
