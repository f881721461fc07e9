"""What clients, disks and bundles can do to a server under steady load, and how soon it is as before.

    python -m benchmarks.serving.faults BUNDLE PHOTOS [--only WORD]

While each fault lasts, four askers compare every answer with what the bundle gives offline. Prints a table: what came
back to the fault itself, wrong answers and other statuses than 200 of the askers, memory before and after, and the
seconds until gauges were at nothing and an answer came. Exits with 1 if an answer was wrong, a status was 500, a fault
found something WRONG, or askers lost a connection to other than a process that was killed. The last three faults have
servers of their own; that of the clock needs a C compiler.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.serving.ground import PATH, WRONG, Fault, Ground
from benchmarks.serving.load import Connection, closed_loop
from benchmarks.serving.machine_faults import clock_jumps, full_log, killed_worker, make_clock
from benchmarks.serving.malformed import mutate
from benchmarks.serving.server import Server, serving, serving_unheard
from sightline.inference import load
from sightline.serving.security import add_key

TOLERANCE = 1e-4


async def gone_bundle(ground: Ground) -> Counter[str]:
    """The bundle's folder is gone, half there, and back, and each time it is loaded again."""
    aside, found = ground.bundle.with_name("aside"), Counter[str]()
    ground.bundle.rename(aside)
    for state in ("gone", "half", "back"):
        if state == "half":
            shutil.copytree(aside, ground.bundle)
            graph = max(ground.bundle.iterdir(), key=lambda path: path.stat().st_size)
            graph.write_bytes(graph.read_bytes()[: graph.stat().st_size // 2])
        elif state == "back":
            shutil.rmtree(ground.bundle)
            aside.rename(ground.bundle)
        found[f"{state}: {await ground.load_again()}"] += 1
        ground.server.process.send_signal(signal.SIGHUP)
        await asyncio.sleep(1)
    return found


async def idle(ground: Ground) -> Counter[str]:
    """A thousand connections that send nothing."""
    return Counter(await _at_once([ground.raw(b"", 15.0) for _ in range(1000)]))


async def half_requests(ground: Ground) -> Counter[str]:
    """A thousand requests that stop in the middle of their bodies and wait."""
    half = ground.head + b"Content-Length: 100000\r\n\r\n" + bytes(50_000)
    return Counter(await _at_once([ground.raw(half, 25.0) for _ in range(1000)]))


async def vanishing(ground: Ground) -> Counter[str]:
    """Two thousand clients that hang up in the middle of their bodies."""
    half = ground.head + b"Content-Length: 100000\r\n\r\n" + bytes(50_000)
    return Counter(await _at_once([ground.raw(half, 0.05) for _ in range(2000)]))


async def unread(ground: Ground) -> Counter[str]:
    """Fifty clients that send requests for as long as they are taken, and never read an answer."""
    one = ground.head + b"Content-Length: 3\r\n\r\nbad"

    async def send() -> str:
        _, writer = await asyncio.open_connection(*ground.server.place, limit=1)
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(40.0):
                while True:
                    writer.write(one * 100)
                    await writer.drain()
                    await asyncio.sleep(0.05)
        cut = writer.transport.is_closing()
        writer.transport.abort()
        return "cut off" if cut else "still taken"

    return Counter(await _at_once([send() for _ in range(50)]))


async def garbage(ground: Ground) -> Counter[str]:
    """Two thousand heads with bytes that were changed at random, each with another request behind it."""
    rng, found = random.Random(1), []
    whole = ground.head + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    for _ in range(2000):
        head = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            head[rng.randrange(len(head))] = rng.randrange(256)
        found.append(ground.raw(bytes(head) + b"bad" + whole, 1.0))
    return Counter(await _at_once(found))


async def mutated(ground: Ground) -> Counter[str]:
    """Two thousand pictures: cut off, with flipped bits, with pieces of others in them, with parts repeated."""
    rng, found = random.Random(2), []
    for _ in range(2000):
        body = mutate(ground.bodies, rng)
        found.append(ground.raw(ground.head + b"Content-Length: %d\r\n\r\n" % len(body) + body, 30.0))
    return Counter(await _at_once(found))


async def _at_once(works: Sequence[Awaitable[str]], width: int = 1000) -> list[str]:
    places = asyncio.Semaphore(width if len(works) <= 1000 else 32)

    async def one(work: Awaitable[str]) -> str:
        async with places:
            try:
                return await work
            except OSError as err:
                return type(err).__name__

    return await asyncio.gather(*map(one, works))


FAULTS: tuple[Fault, ...] = (
    gone_bundle,
    mutated,
    garbage,
    vanishing,
    idle,
    half_requests,
    unread,
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    bodies = [path.read_bytes() for path in sorted(options.photos.rglob("*.JP*G"))[:50]]
    predictor = load(options.bundle, variant="float32", threads=1)
    expected = [predictor.predict(body).probability for body in bodies]
    print("| fault | what came back | askers: answers, others, wrong | memory | until as before |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        failed = _run(Path(folder), options.bundle, bodies, expected, options.only)
    print(describe_machine())
    raise SystemExit(failed)


def _run(folder: Path, given: Path, bodies: list[bytes], expected: list[float], only: str) -> bool:
    """Run the faults whose names hold a word; whether one had come to harm."""
    bundle, keys, failed = Path(shutil.copytree(given, folder / "bundle")), folder / "keys.json", False
    token = add_key(keys, "faults", ["predict", "read", "admin"])
    usual = ("--variant", "float32", "--api-keys", str(keys))

    def suffer(server: Server, *faults: Fault) -> None:
        nonlocal failed
        ground = Ground(server, token, bundle, bodies)
        for fault in faults:
            failed |= asyncio.run(_suffer(ground, fault, expected))

    if faults := [fault for fault in FAULTS if only in fault.__name__]:
        control = ("--control-port", "0", "--audit-log", "/dev/full")  # no line of it can be written
        with serving(bundle, *usual, *control, token=token) as server:
            suffer(server, *faults)
    if only in full_log.__name__:
        with serving_unheard(bundle, *usual, token=token) as server:
            suffer(server, full_log)
    if only in killed_worker.__name__:
        with serving(bundle, *usual, "--workers", "2", token=token) as server:
            suffer(server, killed_worker)
    if only in clock_jumps.__name__:
        clock = make_clock(folder)
        if clock is None:
            print("| clock_jumps | not run: there is no C compiler `cc` to build a clock with | | | |")
        else:

            async def jump(ground: Ground) -> Counter[str]:
                return await clock_jumps(ground, clock, keys)

            jump.__name__ = clock_jumps.__name__
            with serving(bundle, *usual, token=token, environment=clock.environment) as server:
                suffer(server, jump)
    return failed


async def _suffer(ground: Ground, fault: Fault, expected: list[float]) -> bool:
    wrong: list[int] = []

    def compare(number: int, code: int, answer: bytes) -> None:
        if code == 200:
            given = json.loads(answer)["probability"]
            if abs(given - expected[number % len(expected)]) > TOLERANCE:
                wrong.append(number)

    server, before = ground.server, ground.server.memory_mib()
    asking = asyncio.create_task(
        closed_loop(
            server.place, PATH, ground.bodies, askers=4, seconds=8, headers=ground.headers, answered=compare
        )
    )
    found = await fault(ground)
    asked = await asking
    over = time.monotonic()
    while not re.search(
        r"^sightline_images_in_flight 0", await asyncio.to_thread(server.get, "/metrics"), re.M
    ):
        await asyncio.sleep(0.05)
    connection = Connection(*server.place, headers=ground.headers)
    code, _ = await connection.post(PATH, ground.bodies[0])
    connection.close()
    took = time.monotonic() - over
    others = {code: count for code, count in asked.codes.items() if code != "200"}
    came = ", ".join(f"{what} × {count}" for what, count in found.most_common())
    print(
        f"| {fault.__name__} | {came} | {sum(map(len, asked.seconds.values()))}, {others or 'none'}, {len(wrong)} | "
        f"{before:.0f} → {server.memory_mib():.0f} MiB | {took:.2f} s, then {code} |",
        flush=True,
    )
    bad = any("500" in what.split() and "load" not in what for what in found) or "500" in others
    bad |= any(what.startswith(WRONG) for what in found)
    bad |= bool(asked.errors) and fault is not killed_worker
    return bool(wrong) or bad or code != 200


if __name__ == "__main__":
    main()
