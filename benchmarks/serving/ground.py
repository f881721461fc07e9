"""What a fault of `benchmarks.serving.faults` has to work with."""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.serving.load import Connection
from benchmarks.serving.server import Server
from sightline.inference import load

PATH: Final = "/v1/predict?top_k=1"

WRONG: Final = "WRONG:"
"""What came back to a fault and begins so lets the bench fail."""


class Ground:
    """A server, its bundle's folder, and what faults need to reach it."""

    def __init__(self, server: Server, token: str, bundle: Path, bodies: Sequence[bytes]) -> None:
        self.server, self.token, self.bundle, self.bodies = server, token, bundle, bodies
        self.headers = {"Authorization": f"Bearer {token}"}
        self.head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n".encode()
        self.name = load(bundle, variant="float32", threads=1).bundle.manifest.name

    async def raw(self, data: bytes, wait_s: float = 5.0) -> str:
        """Send bytes on a connection of their own; the statuses that come back within the time."""
        reader, writer = await asyncio.open_connection(*self.server.place)
        received = b""
        with contextlib.suppress(OSError, TimeoutError):
            writer.write(data)
            async with asyncio.timeout(wait_s):
                while chunk := await reader.read(65536):
                    received += chunk
                    if b"\r\n\r\n" in received:
                        break
        writer.close()
        return " ".join(re.findall(r"HTTP/1\.1 (\d+)", received.decode("latin-1"))) or "nothing"

    async def load_again(self) -> str:
        """Load the model again by the control plane."""
        assert self.server.control is not None
        connection = Connection(*self.server.control, headers=self.headers)
        code, _ = await connection.post(f"/v2/repository/models/{self.name}/load", b"")
        connection.close()
        return f"load {code}"


Fault = Callable[[Ground], Awaitable[Counter[str]]]
"""Does harm to a server and says what came back, how often each."""
