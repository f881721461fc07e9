"""A server in a process of its own, for as long as a block of code runs."""

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from sightline.errors import SightlineError

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 60.0


@contextlib.contextmanager
def running_server(bundle: Path) -> Iterator[str]:
    """Start `sightline serve` on a free loopback port, yield its address when it is ready, stop it after.

    Raises:
        SightlineError: it does not become ready, or does not stop cleanly; its own words are in the message.
    """
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)  # noqa: S603
    said: list[str] = []
    try:
        address = _address(process, said)
        threading.Thread(target=lambda: said.extend(process.stderr or ()), daemon=True).start()
        _wait_until_ready(process, address, said)
        yield address
    finally:
        process.terminate()
        try:
            code = process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
    if code != 0:
        raise SightlineError(f"The server stopped with exit code {code}. It said: {''.join(said)}")


def _address(process: subprocess.Popen[str], said: list[str]) -> str:
    for line in process.stderr or ():
        said.append(line)
        if found := re.search(r"http://\S+", line):
            return found.group()
    raise SightlineError(f"The server did not start. It said: {''.join(said)}")


def _wait_until_ready(process: subprocess.Popen[str], address: str, said: list[str]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()  # noqa: S310  our own loopback address
            return
        time.sleep(0.02)
    raise SightlineError(f"The server did not become ready. It said: {''.join(said)}")
