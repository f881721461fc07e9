"""A Sightline server of one's own for a measurement, on a free loopback port, and what it weighs."""

import contextlib
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """A running server; `control` is where its control plane is, if it has one."""

    process: "subprocess.Popen[str]"
    place: tuple[str, int]
    control: tuple[str, int] | None = None
    token: str | None = None

    def memory_mib(self) -> float:
        """Proportional set size of the process, which counts shared pages once."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text("ascii")
        return int(re.findall(r"^Pss:\s+(\d+)", rollup, re.M)[0]) / 1024

    def get(self, path: str) -> str:
        """Return what a path answers."""
        request = urllib.request.Request(f"http://{self.place[0]}:{self.place[1]}{path}")
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            text: str = answer.read().decode()
            return text


@contextlib.contextmanager
def serving(bundle: Path, *options: str, token: str | None = None) -> Iterator[Server]:
    """Start a server, wait until it is ready, stop it in the end. `token`: a key that it will take."""
    command = [sys.executable, "-m", "sightline", "serve", str(bundle), "--port", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        places: list[tuple[str, int]] = []
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"http://([0-9.]+):(\d+)", line):
                places.append((found[1], int(found[2])))
            if "Try: " in line:
                break
        if not places:
            raise SystemExit("".join(said))
        threading.Thread(target=process.stderr.read, daemon=True).start()
        server = Server(process, places[0], places[1] if len(places) > 2 else None, token)
        while True:
            with contextlib.suppress(OSError):
                server.get("/readyz")
                break
            time.sleep(0.02)
        yield server
    finally:
        process.terminate()
        process.wait(60)
