"""A Sightline server of one's own for a measurement, on a free loopback port, and what it weighs."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """A running server; `control` is where its control plane is, if it has one, `log` what it has said."""

    process: "subprocess.Popen[str]"
    place: tuple[str, int]
    control: tuple[str, int] | None = None
    token: str | None = None
    log: list[str] = field(default_factory=list)

    def memory_mib(self) -> float:
        """Proportional set size of the process and those below it, which counts shared pages once."""
        rollups = (Path(f"/proc/{pid}/smaps_rollup") for pid in (self.process.pid, *self.children()))
        return (
            sum(int(re.findall(r"^Pss:\s+(\d+)", one.read_text("ascii"), re.M)[0]) for one in rollups) / 1024
        )

    def children(self) -> list[int]:
        """The processes that it has started."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]

    def get(self, path: str) -> str:
        """Return what a path answers."""
        request = urllib.request.Request(f"http://{self.place[0]}:{self.place[1]}{path}")
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            text: str = answer.read().decode()
            return text


@contextlib.contextmanager
def serving(
    bundle: Path, *options: str, token: str | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Start a server, wait until it is ready, stop it in the end.

    token
        A key that it will take.
    environment
        Variables that it has besides those of this process.
    """
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", "0", *options]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    )
    try:
        assert process.stderr is not None
        place = control = None
        said: list[str] = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"(Serving .*|Control plane) on http://([0-9.]+):(\d+)", line):
                there = found[2], int(found[3])
                place, control = (place, there) if found[1] == "Control plane" else (there, control)
            if "Try: " in line:
                break
        if place is None:
            raise SystemExit("".join(said))
        threading.Thread(target=said.extend, args=(process.stderr,), daemon=True).start()
        server = Server(process, place, control, token, said)
        _wait_until_ready(server)
        yield server
    finally:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def serving_unheard(bundle: Path, *options: str, token: str | None = None) -> Iterator[Server]:
    """As `serving`, with a log on a disk that is full, `/dev/full`, from the first line."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = ("127.0.0.1", int(free.getsockname()[1]))
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", str(place[1]), *options]
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen(command, stderr=full, text=True)
    try:
        server = Server(process, place, token=token)
        _wait_until_ready(server)
        yield server
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_ready(server: Server) -> None:
    while server.process.poll() is None:
        with contextlib.suppress(OSError):
            server.get("/readyz")
            return
        time.sleep(0.02)
    raise SystemExit(f"The server ended with {server.process.returncode}.\n{''.join(server.log)}")
