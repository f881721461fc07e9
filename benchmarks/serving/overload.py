"""Three times as many requests as the server can answer: what the accepted ones feel, and how soon it is over.

    python -m benchmarks.serving.overload BUNDLE PHOTOS [--seconds 60] [--slo p99=…]

Capacity is measured with 16 askers; then 80 % of it for a while, for the usual p99; then three times of it, with a
server that was told to promise twice the usual p99 (or what --slo says); then single requests until they are as quick
as before. The load generator shares the machine, so capacity is that of both.
"""

import argparse
import asyncio
import time
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.serving.load import Connection, closed_loop, open_loop
from benchmarks.serving.server import Server, serving

PATH = "/v1/predict"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--slo", help="Default: twice the usual p99.")
    options = parser.parse_args()
    bodies = [path.read_bytes() for path in sorted(options.photos.rglob("*.JP*G"))[:100]]
    with serving(options.bundle) as server:
        capacity, usual_ms = asyncio.run(_usual(server, bodies))
    print(f"capacity {capacity:.0f} images/s; at 80 % of it p99 {usual_ms:.0f} ms")
    slo = options.slo or f"p99={2 * usual_ms:.0f}ms"
    with serving(options.bundle, "--slo", slo) as server:
        asyncio.run(_overloaded(server, bodies, capacity, usual_ms, options.seconds, slo))
    print(describe_machine())


async def _usual(server: Server, bodies: list[bytes]) -> tuple[float, float]:
    await closed_loop(server.place, PATH, bodies, askers=4, seconds=3)
    best = await closed_loop(server.place, PATH, bodies, askers=16, seconds=10)
    usual = await open_loop(server.place, PATH, bodies, rate=0.8 * best.rate, seconds=20)
    return best.rate, usual.percentile_ms(0.99)


async def _overloaded(
    server: Server, bodies: list[bytes], capacity: float, usual_ms: float, seconds: float, slo: str
) -> None:
    await closed_loop(server.place, PATH, bodies, askers=4, seconds=3)
    await open_loop(server.place, PATH, bodies, rate=3 * capacity, seconds=5)
    before = server.memory_mib()
    over = await open_loop(server.place, PATH, bodies, rate=3 * capacity, seconds=seconds)
    ended, after = time.monotonic(), server.memory_mib()
    connection, recovered = Connection(*server.place), float("nan")
    while time.monotonic() - ended < 10:
        started = time.monotonic()
        code, _ = await connection.post(PATH, bodies[0])
        if code == 200 and (time.monotonic() - started) * 1e3 <= usual_ms:
            recovered = time.monotonic() - ended
            break
    print(
        "| offered | answered/s | of capacity | accepted p50 / p99 | refused p99 | --slo | memory | recovered |"
    )
    print("|---|---|---|---|---|---|---|---|")
    print(
        f"| {3 * capacity:.0f}/s for {seconds:g} s | {over.rate:.0f} | {over.rate / capacity:.2f} | "
        f"{over.percentile_ms(0.5):.0f} / {over.percentile_ms(0.99):.0f} ms | "
        f"{over.percentile_ms(0.99, 429):.0f} ms | {slo} | {before:.0f} → {after:.0f} MiB | {recovered:.2f} s |"
    )
    print(f"statuses: {over.codes}")


if __name__ == "__main__":
    main()
