"""Hours in short: 80 % of what the server can do, for twenty minutes, its model loaded again every twenty seconds.

    python -m benchmarks.serving.soak BUNDLE PHOTOS [--minutes 20] [--every 20]

Every reply is compared with what the bundle gives offline. Exits with 1 if one is lost or wrong, or if the memory of
the last quarter is more than 2 % above that of the second.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.serving.load import Connection, closed_loop, open_loop
from benchmarks.serving.server import Server, serving
from sightline.inference import load
from sightline.serving.security import add_key

PATH = "/v1/predict?top_k=1"
TOLERANCE, GROWTH = 1e-4, 0.02


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--every", type=float, default=20.0)
    options = parser.parse_args()
    bodies = [path.read_bytes() for path in sorted(options.photos.rglob("*.JP*G"))[:100]]
    predictor = load(options.bundle, variant="float32", threads=1)
    expected = [predictor.predict(body).probability for body in bodies]
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        token = add_key(keys, "soak", ["predict", "read", "admin"])
        command = ("--variant", "float32", "--api-keys", str(keys), "--control-port", "0")
        with serving(options.bundle, *command, token=token) as server:
            soak = Soak(server, token, bodies, expected)
            asyncio.run(soak.run(options.minutes * 60, options.every, predictor.bundle.manifest.name))
    print(describe_machine())
    if soak.failed:
        raise SystemExit(1)


class Soak:
    """A server under steady load."""

    def __init__(self, server: Server, token: str, bodies: list[bytes], expected: list[float]) -> None:
        self.server, self.bodies, self.expected = server, bodies, expected
        self.headers = {"Authorization": f"Bearer {token}"}
        self.failed = False
        self._wrong: list[int] = []
        self._loads = 0
        self._memory: list[tuple[float, float]] = []

    async def run(self, seconds: float, every_s: float, name: str) -> None:
        """Find the capacity, load the server, reload its model, watch its memory; print what was seen."""
        best = await closed_loop(
            self.server.place, PATH, self.bodies, askers=16, seconds=10, headers=self.headers
        )
        started = time.monotonic()
        reloading = asyncio.create_task(self._reload(every_s, name))
        watching = asyncio.create_task(self._watch(started))
        found = await open_loop(
            self.server.place,
            PATH,
            self.bodies,
            rate=0.8 * best.rate,
            seconds=seconds,
            answered=self._compare,
            headers=self.headers,
        )
        for task in (reloading, watching):
            task.cancel()
        times, mib = np.array(self._memory).T
        early = mib[(times > seconds / 4) & (times < seconds / 2)].mean()
        late = mib[times > seconds * 3 / 4].mean()
        growth = late / early - 1
        print(
            "| lasted | rate | answers | wrong | lost | loads | p50 / p99 | memory, 2nd and last quarter | growth |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        answers = sum(map(len, found.seconds.values()))
        lost = answers - len(found.seconds.get(200, ())) + sum(found.errors.values())
        print(
            f"| {found.lasted_s / 60:.1f} min | {0.8 * best.rate:.0f}/s | {answers} | {len(self._wrong)} | {lost} | "
            f"{self._loads} | {found.percentile_ms(0.5):.0f} / {found.percentile_ms(0.99):.0f} ms | "
            f"{early:.0f}, {late:.0f} MiB | {growth:+.1%} |"
        )
        print(f"statuses: {found.codes}")
        self.failed = bool(self._wrong) or lost > 0 or growth > GROWTH

    def _compare(self, number: int, code: int, answer: bytes) -> None:
        if code == 200:
            given = json.loads(answer)["probability"]
            if abs(given - self.expected[number % len(self.expected)]) > TOLERANCE:
                self._wrong.append(number)

    async def _reload(self, every_s: float, name: str) -> None:
        assert self.server.control is not None
        connection = Connection(*self.server.control, headers=self.headers)
        while True:
            await asyncio.sleep(every_s)
            code, answer = await connection.post(f"/v2/repository/models/{name}/load", b"")
            connection.close()  # the server closes what is idle for long
            if code != 200:
                raise SystemExit(f"The model was not loaded again: {answer.decode()}")
            self._loads += 1

    async def _watch(self, started: float) -> None:
        while True:
            self._memory.append((time.monotonic() - started, self.server.memory_mib()))
            await asyncio.sleep(1)


if __name__ == "__main__":
    main()
