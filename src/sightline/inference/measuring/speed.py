"""How fast engines are, side by side on one machine: interleaved, so that a busy minute hits all of them alike."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from sightline.inference import Engine
from sightline.inference.device_engine import DEVICE_SIZES
from sightline.parallel import Progress
from sightline.records import Frozen

Open = Callable[[int], Engine]
"""Opens an engine whose calls may use so many cores."""

_ROUNDS = 5
_TURN_S = 0.25
_FEWEST_CALLS = 3
_WARM_UP_CALLS = 3
_QUICK = 0.1


class Speed(Frozen):
    """What one engine takes.

    batch_size, threads
        Pictures a call, and cores that a call may use.
    p50_ms, p95_ms
        Of a call, by the clock.
    ratio
        How many times as fast as the first engine of the run: the median over the rounds, each of which measured both.
        By the quickest tenth of a round's calls, for on a busy machine a longer call is interrupted more often.
    """

    batch_size: int
    threads: int
    p50_ms: float
    p95_ms: float
    ratio: float


class Throughput(Frozen):
    """Pictures a second when all cores work.

    by_session_per_core
        As many engines as cores, one core each, one picture a call: how the server runs them.
    by_all_cores
        One engine that uses all cores, one picture a call.
    ratio, least_ratio
        Of the former, against the first engine of the run: the median of the rounds, and the second smallest: one
        round may have been disturbed.
    """

    by_session_per_core: float
    by_all_cores: float
    ratio: float
    least_ratio: float


def measure_latency(
    engines: Mapping[str, Engine],
    images: NDArray[np.uint8],
    *,
    threads: int,
    progress: Progress | None = None,
) -> dict[str, Speed]:
    """Time calls with all of `images`, uint8 `[N, H, W, 3]`, in rounds in which each engine has a turn."""
    for engine in engines.values():
        for _ in range(_WARM_UP_CALLS):
            engine.run(images, ["logits", "embedding"])
    seconds: dict[str, list[list[float]]] = {name: [] for name in engines}
    for done in range(_ROUNDS):
        for name, engine in engines.items():
            seconds[name].append(_turn(engine, images))
        if progress is not None:
            progress(done + 1, _ROUNDS)
    quick = {name: np.array([np.quantile(turn, _QUICK) for turn in turns]) for name, turns in seconds.items()}
    first = next(iter(quick.values()))
    return {
        name: Speed(
            batch_size=len(images),
            threads=threads,
            p50_ms=float(np.median(np.concatenate(turns)) * 1e3),
            p95_ms=float(np.quantile(np.concatenate(turns), 0.95) * 1e3),
            ratio=float(np.median(first / quick[name])),
        )
        for name, turns in seconds.items()
    }


def measure_throughput(
    openers: Mapping[str, Open], image: NDArray[np.uint8], progress: Progress | None = None
) -> dict[str, Throughput]:
    """Let all cores work on one picture, uint8 `[1, H, W, 3]`, again and again: engine after engine, in rounds.

    A GPU, which has one session, gets a batch of it at a time, as in a server that has much to do.
    """
    cores = os.cpu_count() or 1
    alone = {name: _Crew(_one_a_core(opener, cores)) for name, opener in openers.items()}
    whole = {name: _Crew([opener(cores)]) for name, opener in openers.items()}
    crews = [*alone.values(), *whole.values()]
    for crew in crews:
        crew.rate(image, 0.0)
    rates: dict[int, list[float]] = {id(crew): [] for crew in crews}
    for done in range(_ROUNDS):
        for crew in crews:
            rates[id(crew)].append(crew.rate(image, _TURN_S))
        if progress is not None:
            progress(done + 1, _ROUNDS)
    first = np.array(rates[id(next(iter(alone.values())))])
    return {
        name: Throughput(
            by_session_per_core=float(np.median(rates[id(alone[name])])),
            by_all_cores=float(np.median(rates[id(whole[name])])),
            ratio=float(np.median(rates[id(alone[name])] / first)),
            least_ratio=float(np.sort(rates[id(alone[name])] / first)[1]),
        )
        for name in openers
    }


def _turn(engine: Engine, images: NDArray[np.uint8]) -> list[float]:
    seconds: list[float] = []
    while sum(seconds) < _TURN_S or len(seconds) < _FEWEST_CALLS:
        started = time.perf_counter()
        engine.run(images, ["logits", "embedding"])
        seconds.append(time.perf_counter() - started)
    return seconds


def _one_a_core(opener: Open, cores: int) -> list[Engine]:
    first = opener(1)
    return [first] if first.one_at_a_time else [first, *(opener(1) for _ in range(cores - 1))]


class _Crew:
    """Engines that work side by side, a thread each."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        self._engines = engines

    def rate(self, image: NDArray[np.uint8], duration_s: float) -> float:
        """Pictures a second over at least so long, and at least three calls an engine."""
        started = time.perf_counter()

        def work(engine: Engine) -> int:
            calls = 0
            together = DEVICE_SIZES[-1] if engine.one_at_a_time and not engine.runs_alone else 1
            images = np.repeat(image, together, axis=0)
            while time.perf_counter() - started < duration_s or calls < _FEWEST_CALLS:
                engine.run(images, ["logits", "embedding"])
                calls += 1
            return calls * together

        with ThreadPoolExecutor(len(self._engines)) as pool:
            pictures = sum(pool.map(work, self._engines))
        return pictures / (time.perf_counter() - started)
