"""A load generator that looks at every answer: raw bodies by POST, over as many kept connections as there are askers.

`wrk` is lighter and counts; this one hands each answer to whoever wants to check it.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

_IDLE_S = 30.0
"""A connection that was idle for longer is not used again: the server may be closing it."""

Answered = Callable[[int, int, bytes], None]


@dataclass
class Load:
    """What came of it: seconds of each answer by its status, from the moment that it was due."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    lasted_s: float = 0.0

    @property
    def codes(self) -> dict[str, int]:
        """How often each status, and each error of a connection."""
        return {str(code): len(found) for code, found in sorted(self.seconds.items())} | dict(self.errors)

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return len(self.seconds.get(200, ())) / self.lasted_s

    def percentile_ms(self, share: float, code: int = 200) -> float:
        """Of the answers with this status."""
        found = self.seconds.get(code)
        return float(np.quantile(found, share) * 1e3) if found else float("nan")


class Connection:
    """One kept connection."""

    def __init__(self, host: str, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._place = (host, port)
        self._head = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = 0.0

    async def post(self, path: str, body: bytes, timeout_s: float = 60.0) -> tuple[int, bytes]:
        """Send a body; return the status and the answer's body."""
        async with asyncio.timeout(timeout_s):
            if time.monotonic() - self._used > _IDLE_S:
                self.close()
            self._used = time.monotonic()
            if self._streams is None:
                self._streams = await asyncio.open_connection(*self._place, limit=1 << 20)
            reader, writer = self._streams
            head = f"POST {path} HTTP/1.1\r\nHost: bench\r\n{self._head}Content-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            (length,) = (int(line[15:]) for line in lines if line.startswith(b"content-length:"))
            answer = await reader.readexactly(length)
            if b"connection: close" in lines:
                self.close()
            return int(lines[0].split()[1]), answer

    def close(self) -> None:
        """Give the connection up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def closed_loop(
    place: tuple[str, int],
    path: str,
    bodies: Sequence[bytes],
    *,
    askers: int,
    seconds: float = float("inf"),
    count: int | None = None,
    answered: Answered | None = None,
    headers: Mapping[str, str] | None = None,
) -> Load:
    """As many askers as told, each with one request at a time, for so long or until so many are answered."""
    load, places, started = Load(), itertools.count(), time.monotonic()

    async def ask() -> None:
        connection = Connection(*place, headers)
        while time.monotonic() - started < seconds:
            number = next(places)
            if count is not None and number >= count:
                break
            await _ask(connection, path, bodies, number, time.monotonic(), load, answered)
        connection.close()

    await asyncio.gather(*(ask() for _ in range(askers)))
    load.lasted_s = time.monotonic() - started
    return load


async def open_loop(
    place: tuple[str, int],
    path: str,
    bodies: Sequence[bytes],
    *,
    rate: float,
    seconds: float,
    answered: Answered | None = None,
    headers: Mapping[str, str] | None = None,
) -> Load:
    """Requests leave on schedule, whether or not answers come back, each on a connection that is free."""
    load, free, tasks = Load(), list[Connection](), set[asyncio.Task[None]]()
    started = time.monotonic()
    for number in range(int(rate * seconds)):
        due = started + number / rate
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        connection = free.pop() if free else Connection(*place, headers)

        async def ask(number: int = number, due: float = due, own: Connection = connection) -> None:
            await _ask(own, path, bodies, number, due, load, answered)
            free.append(own)

        task = asyncio.create_task(ask())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    load.lasted_s = time.monotonic() - started
    for connection in free:
        connection.close()
    return load


async def _ask(
    connection: Connection,
    path: str,
    bodies: Sequence[bytes],
    number: int,
    due: float,
    load: Load,
    answered: Answered | None,
) -> None:
    try:
        code, answer = await connection.post(path, bodies[number % len(bodies)])
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as err:
        load.errors[type(err).__name__] += 1
        connection.close()
        return
    load.seconds.setdefault(code, []).append(time.monotonic() - due)
    if answered is not None:
        answered(number, code, answer)
