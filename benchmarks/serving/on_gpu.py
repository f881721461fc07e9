"""Sightline on a GPU beside a bare loop on the same machine: what serving costs where the network is quick.

    python -m benchmarks.serving.on_gpu BUNDLE PHOTOS [--askers 64,256] [--workers 1,4] [--seconds 5]

The bare loop decodes with a thread a core and runs the graph in batches, in one process and in several: no HTTP, no
decision. The load generator shares the machine with the server.
"""

import argparse
import multiprocessing
import os
import queue
import tempfile
import threading
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from benchmarks.serving.light import LightLoad
from benchmarks.serving.server import serving
from sightline.inference import load

PATH = "/v1/predict"
BATCH = 32


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--askers", default="1,8,64,256")
    parser.add_argument("--workers", default="1,4")
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    photos = sorted(options.photos.rglob("*.JP*G"))[:100]
    if not photos:
        raise SystemExit(f"There are no photos named *.JPG or *.JPEG in '{options.photos}'.")
    several = [int(number) for number in options.workers.split(",")]
    print("| | askers | images/s | p50 / p99 ms | refused |\n|---|---|---|---|---|", flush=True)
    for processes in several:
        rate = _bare(options.bundle, photos, processes, options.seconds)
        print(f"| bare loop, {processes} processes | | {rate:.0f} | | |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        generator = LightLoad(Path(folder))
        for workers in several:
            with serving(options.bundle, "--workers", str(workers), "--max-images", "1024") as server:
                generator.closed(server.place, PATH, photos, askers=32, seconds=2)
                for askers in map(int, options.askers.split(",")):
                    found = generator.closed(
                        server.place, PATH, photos, askers=askers, seconds=options.seconds
                    )
                    refused = sum(found.codes.values()) - found.codes.get("200", 0)
                    print(
                        f"| Sightline, --workers {workers} | {askers} | {found.rate:.0f} | "
                        f"{found.percentile_ms(0.5):.1f} / {found.percentile_ms(0.99):.1f} | {refused} |",
                        flush=True,
                    )
    print(describe_machine())


def _bare(bundle: Path, photos: Sequence[Path], processes: int, seconds: float) -> float:
    """Images a second of so many processes that share the cores and the GPU."""
    spawn = multiprocessing.get_context("spawn")
    begin, counts = spawn.Barrier(processes), spawn.Queue()
    threads = max(1, len(os.sched_getaffinity(0)) // processes)
    running = [
        spawn.Process(target=_loop, args=(bundle, photos, threads, seconds, begin, counts))
        for _ in range(processes)
    ]
    for one in running:
        one.start()
    rate = float(sum(counts.get(timeout=120) for _ in running))
    for one in running:
        one.join()
    return rate


def _loop(
    bundle: Path, photos: Sequence[Path], threads: int, seconds: float, begin: Barrier, counts: Any
) -> None:
    predictor = load(bundle, threads=1)
    images = [path.read_bytes() for path in photos]
    ready: queue.Queue[NDArray[np.uint8]] = queue.Queue(maxsize=4 * BATCH)
    ended = threading.Event()

    def decode(first: int) -> None:
        number = first
        while not ended.is_set():
            ready.put(predictor.prepare(images[number % len(images)]).pixels)
            number += threads

    for number in range(threads):
        threading.Thread(target=decode, args=(number,), daemon=True).start()
    batch = np.stack([ready.get() for _ in range(BATCH)])
    predictor.engine.run(batch, ["logits", "embedding"])
    begin.wait()
    done, started = 0, time.perf_counter()
    while (lasted_s := time.perf_counter() - started) < seconds:
        batch = np.stack([ready.get() for _ in range(BATCH)])
        predictor.engine.run(batch, ["logits", "embedding"])
        done += BATCH
    counts.put(done / lasted_s)
    ended.set()
    while not ready.empty():
        ready.get()


if __name__ == "__main__":
    main()
