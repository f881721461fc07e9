"""Speed and size of all candidates on this machine, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sightline.inference.measuring import (
    Footprint,
    Speed,
    Throughput,
    measure_footprint,
    measure_latency,
    measure_throughput,
)
from sightline.lifecycle.optimizing.candidates import Candidate
from sightline.lifecycle.optimizing.material import Listen, Pixels


@dataclass(frozen=True)
class Measured:
    """What was measured of one candidate; `speeds` by batch size, one picture first."""

    speeds: tuple[Speed, ...]
    throughput: Throughput
    footprint: Footprint


def measure_candidates(
    candidates: Sequence[Candidate],
    pixels: Pixels,
    *,
    threads: int,
    batches: Sequence[int],
    listen: Listen,
) -> Mapping[str, Measured]:
    """Measure candidates by name; the first is what the others are compared with.

    pixels
        uint8 `[N, H, W, 3]`, real pictures, as many as the largest batch at least.
    """
    progress = listen("Measuring latency")
    sizes = sorted({1, *batches})
    by_size = {}
    for done, size in enumerate(sizes):
        engines = {one.name: one.open(threads) for one in candidates}
        by_size[size] = measure_latency(engines, pixels[:size], threads=threads)
        progress(done + 1, len(sizes))
    throughput = measure_throughput(
        {one.name: one.open for one in candidates}, pixels[:1], listen("Measuring throughput on all cores")
    )
    progress = listen("Measuring start and memory")
    height, width, depth = pixels.shape[1:]
    footprints = {}
    for done, one in enumerate(candidates):
        footprints[one.name] = measure_footprint(
            one.graph, one.runtime, one.precision, (height, width, depth)
        )
        progress(done + 1, len(candidates))
    return {
        one.name: Measured(
            tuple(by_size[size][one.name] for size in sizes), throughput[one.name], footprints[one.name]
        )
        for one in candidates
    }
