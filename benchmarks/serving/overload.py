"""Three times as many requests as the server can answer: what the accepted ones feel, and how soon it is over.

    python -m benchmarks.serving.overload BUNDLE PHOTOS [--seconds 60] [--slo p99=…]

Capacity is measured with 16 askers; then 80 % of it for a while, for the usual p99; then three times of it, in four
parts, with a server that was told to promise twice the usual p99 (or what --slo says), and capacity again behind each
part, for a shared machine is not as fast all the time; then single requests until they are as quick as before. The
load generator shares the machine, so capacity is that of both.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.serving.light import LightLoad
from benchmarks.serving.load import Load
from benchmarks.serving.server import Server, serving

PATH = "/v1/predict"
PARTS = 4


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--slo", help="Default: twice the usual p99.")
    options = parser.parse_args()
    photos = sorted(options.photos.rglob("*.JP*G"))[:100]
    with tempfile.TemporaryDirectory() as folder, serving(options.bundle) as usual:
        bench = Bench(LightLoad(Path(folder)), photos, usual)
        bench.know()
        slo = options.slo or f"p99={2 * bench.usual_ms:.0f}ms"
        with serving(options.bundle, "--slo", slo) as server:
            bench.overload(server, options.seconds, slo)
    print(describe_machine())


class Bench:
    """A load, the photos to send, and a server that promises nothing, by which capacity is known."""

    def __init__(self, load: LightLoad, photos: list[Path], usual: Server) -> None:
        self._load, self._photos, self._usual = load, photos, usual
        self.usual_ms = float("nan")

    def know(self) -> None:
        """Warm the server up; find its usual p99."""
        self._closed(self._usual, 4, 3)
        capacity = self._capacity(10)
        found = self._open(self._usual, 0.8 * capacity, 20)
        self.usual_ms = found.percentile_ms(0.99)
        print(f"capacity {capacity:.0f} images/s; at 80 % of it p99 {self.usual_ms:.0f} ms")

    def overload(self, server: Server, seconds: float, slo: str) -> None:
        """Ask for too much, and print what came of it."""
        self._closed(server, 4, 3)
        rate = 3 * self._capacity(5)
        self._open(server, rate, 5)
        before, parts, shares, recovered = server.memory_mib(), [], [], []
        capacities = [self._capacity(5)]
        for _ in range(PARTS):
            part = self._open(server, rate, seconds / PARTS)
            recovered.append(self._recovery(server))
            capacities.append(self._capacity(5))
            parts.append(part)
            shares.append(part.rate / statistics.mean(capacities[-2:]))
        after, over = server.memory_mib(), _together(parts)
        print(
            "| offered | answered/s | of capacity | accepted p50 / p99 | refused p99 | --slo | memory | recovered |"
        )
        print("|---|---|---|---|---|---|---|---|")
        print(
            f"| {rate:.0f}/s for {seconds:g} s | {over.rate:.0f} | {statistics.mean(shares):.2f} | "
            f"{over.percentile_ms(0.5):.0f} / {over.percentile_ms(0.99):.0f} ms | "
            f"{over.percentile_ms(0.99, 429):.0f} ms | {slo} | {before:.0f} → {after:.0f} MiB | "
            f"{max(recovered):.2f} s |"
        )
        print("parts: " + ", ".join(f"{share:.2f}" for share in shares), f"statuses: {over.codes}")

    def _capacity(self, seconds: float) -> float:
        return self._closed(self._usual, 16, seconds).rate

    def _closed(self, server: Server, askers: int, seconds: float) -> Load:
        return self._load.closed(server.place, PATH, self._photos, askers=askers, seconds=seconds)

    def _open(self, server: Server, rate: float, seconds: float) -> Load:
        return self._load.open(server.place, PATH, self._photos, rate=rate, seconds=seconds)

    def _recovery(self, server: Server) -> float:
        """Seconds until a request is answered as quickly as usual."""
        ended = time.monotonic()
        while time.monotonic() - ended < 10:
            one = self._open(server, 1000, 0.001)
            if one.percentile_ms(1.0) <= self.usual_ms:
                return time.monotonic() - ended
        return float("nan")


def _together(parts: list[Load]) -> Load:
    whole = Load(lasted_s=sum(part.lasted_s for part in parts))
    for part in parts:
        whole.errors += part.errors
        for code, seconds in part.seconds.items():
            whole.seconds.setdefault(code, []).extend(seconds)
    return whole


if __name__ == "__main__":
    main()
