"""What the machine can do to a server: its clock jumps, the disk of its log is full, one of its processes is killed."""

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import httpx

from benchmarks.compiled import build
from benchmarks.serving.ground import PATH, WRONG, Ground
from sightline.serving.security import add_key

_JUMPS_H: Final = (0, 6, -6, 6, 0)
_BEFORE_DATE_S: Final = 1.5
"""The server makes its header `Date` anew once a second."""


class Clock:
    """The wall clock of a process that was started with `environment`; monotonic clocks go on as they are.

    Not libfaketime: under its 0.9.10, Debian 12's, Python's `time.sleep` fails where monotonic clocks are left alone.
    """

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        self.environment: Mapping[str, str] = {"LD_PRELOAD": str(library), "JUMPING_CLOCK": str(file)}
        self.jump(0)

    def jump(self, hours: int) -> None:
        """Be so many hours off."""
        with self._file.open("r+b" if self._file.exists() else "w+b") as file:
            file.write((hours * 3600).to_bytes(8, sys.byteorder, signed=True))


def make_clock(folder: Path) -> Clock | None:
    """Build a clock that jumps, in a folder; None where there is no C compiler `cc`."""
    source = Path(__file__).with_name("jumping_clock.c")
    library = build(source, folder / "jumping_clock.so", "-shared", "-fPIC")
    return None if library is None else Clock(library, folder / "clock")


async def clock_jumps(ground: Ground, clock: Clock, keys: Path) -> Counter[str]:
    """The wall clock is six hours ahead, six behind, and right again.

    Keys expire and hold again with it. Nothing else may change: rates, deadlines, kept answers, kept connections.
    """
    now = datetime.now(UTC)
    brief = add_key(keys, "brief", ["predict"], expires_at=now + timedelta(hours=1))
    slow = add_key(keys, "slow", ["predict"], rate_per_s=0.01, burst=1)
    await asyncio.sleep(_BEFORE_DATE_S)  # the server looks for new keys once a second
    found, kept = Counter[str](), set[str]()
    url = "http://{}:{}".format(*ground.server.place)
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:

        async def ask(token: str, **headers: str) -> httpx.Response:
            headers["Authorization"] = f"Bearer {token}"
            return await client.post(PATH, content=ground.bodies[0], headers=headers)

        await ask(slow)
        for hours in _JUMPS_H:
            clock.jump(hours)
            await asyncio.sleep(_BEFORE_DATE_S)
            first = await ask(ground.token, **{"Idempotency-Key": "clock", "X-Request-Timeout-Ms": "5000"})
            kept.add(first.text)
            off = parsedate_to_datetime(first.headers["Date"]) - datetime.now(UTC)
            limited = await ask(slow)
            wait_s = int(limited.headers.get("Retry-After", "0"))
            sound = {
                "the clock did not jump": abs(off - timedelta(hours=hours)) < timedelta(seconds=5),
                "another status": first.status_code == 200,
                "a key's expiry": (await ask(brief)).status_code == (401 if hours > 1 else 200),
                "a key's rate": limited.status_code == 429 and 0 < wait_s <= 100,
            }
            found.update(f"{WRONG} {what}" for what, holds in sound.items() if not holds)
            found[f"{hours:+d} h"] += 1
    if len(kept) != 1:
        found[f"{WRONG} a kept answer"] += 1
    return found


async def full_log(ground: Ground) -> Counter[str]:
    """The log is on a disk that is full: 500 refusals more, each of which is a line."""
    before = await asyncio.to_thread(_dropped, ground)
    request = ground.head + b"Content-Length: 3\r\n\r\nbad"
    found = Counter([await ground.raw(request) for _ in range(500)])
    await asyncio.sleep(1)
    lines = await asyncio.to_thread(_dropped, ground) - before
    found["lines counted as dropped" if lines >= 500 else f"{WRONG} lines counted as dropped"] += lines
    return found


def _dropped(ground: Ground) -> int:
    text = ground.server.get("/metrics")
    return int(float(re.findall(r"^sightline_log_lines_dropped_total (\S+)", text, re.M)[0]))


async def killed_worker(ground: Ground) -> Counter[str]:
    """Each of two processes is killed by `kill -9`, the second when the first is back."""
    found = Counter[str]()
    for victim in _workers(ground):
        await asyncio.sleep(1)
        os.kill(victim, signal.SIGKILL)
        killed = time.monotonic()
        found["killed"] += 1
        while not await asyncio.to_thread(_complete, ground, victim):
            if time.monotonic() - killed > 30:
                found[f"{WRONG} no other process within 30 s"] += 1
                return found
            await asyncio.sleep(0.05)
        found[f"another answers after {time.monotonic() - killed:.1f} s"] += 1
    return found


def _complete(ground: Ground, gone: int) -> bool:
    workers = _workers(ground)
    if gone in workers or len(workers) != 2:
        return False
    with contextlib.suppress(OSError):  # the dead one's connections end
        return re.search(r"^sightline_workers_left_out 0", ground.server.get("/metrics"), re.M) is not None
    return False


def _workers(ground: Ground) -> list[int]:
    found = []
    for pid in ground.server.children():
        with contextlib.suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found
