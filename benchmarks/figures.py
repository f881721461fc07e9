"""All figures of many scores, with their intervals, in a process of its own: seconds and peak memory.

The scores are made up: normal logits with the true class raised, so that about half of the answers are right. Peak
memory is that of the whole process, making the scores included. Also measured: with groups of four pictures, with
several labels a picture (1 % of all pairs true), slices, a comparison, and writing and reading the scores.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from sightline.evaluation import Sampling, evaluate_scores, read_scores, write_scores
from sightline.evaluation.comparison import compare
from sightline.evaluation.comparison.answered import read_answered
from sightline.evaluation.slices import find_slices
from sightline.records import DecisionRule, ScoredSet, Scores, ScoresOrigin

Measured = tuple[float, float, str]
ORIGIN = ScoresOrigin(bundle_id="0" * 64, graph_sha256="0" * 64, split="all")


def made_up(rows: int, classes: int, several: bool = False) -> Scores:
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((rows, classes), np.float32)
    targets: NDArray[np.int64] | NDArray[np.uint8]
    if several:
        targets = (rng.random((rows, classes), np.float32) < 0.01).astype(np.uint8)
        logits += 3 * targets - 3
    else:
        targets = rng.integers(0, classes, rows)
        logits[np.arange(rows), targets] += rng.normal(3, 1.5, rows)
    ids = tuple(f"{row:07}.jpg" for row in range(rows))
    embeddings = np.zeros((rows, 8), np.float32)
    return Scores(logits, embeddings, targets, ids, tuple(f"class {index}" for index in range(classes)))


class Watch:
    """Seconds by the clock, and of the processor: the second says more where others use the machine, too."""

    def __init__(self) -> None:
        self._started = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self._started[0], time.process_time() - self._started[1]


def figures(scores: Scores, sampling: Sampling) -> Measured:
    rule = DecisionRule(activation="softmax" if scores.task == "multiclass" else "sigmoid")
    watch = Watch()
    evaluation = evaluate_scores(scores, rule, sampling)
    return *watch.read(), f"{len(evaluation.model_dump_json()) / 1e6:.1f} MB of JSON"


def slices(scores: Scores, sampling: Sampling) -> Measured:
    rng = np.random.default_rng(1)
    columns = {"camera": rng.choice(list("abcdefgh"), len(scores.ids)), "size": rng.random(len(scores.ids))}
    watch = Watch()
    right = read_answered(scores, DecisionRule(), scores.labels).right
    found = find_slices(scores, right, columns, sampling)
    return *watch.read(), f"{found.tried} slices"


def comparison(scores: Scores, sampling: Sampling) -> Measured:
    rng = np.random.default_rng(1)
    other = replace(scores, logits=scores.logits + rng.standard_normal(scores.logits.shape, np.float32))
    watch = Watch()
    found = compare(scores, DecisionRule(), other, DecisionRule(), sampling)
    return *watch.read(), f"{found.only_this + found.only_other} pictures changed"


def round_trip(scores: Scores) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.npz"
        watch = Watch()
        write_scores(ScoredSet(scores, ORIGIN), path)
        read_scores(path)
        return *watch.read(), f"{path.stat().st_size / 1e6:.0f} MB on disk"


def steps(rows: int, classes: int) -> dict[str, Callable[[], Measured]]:
    groups = np.arange(rows) // 4
    return {
        "made up only": lambda: (
            0.0,
            0.0,
            f"{made_up(rows, classes).logits.nbytes / 2**20:.0f} MiB of logits",
        ),
        "figures": lambda: figures(made_up(rows, classes), Sampling()),
        "figures, groups of 4": lambda: figures(made_up(rows, classes), Sampling.of_groups(groups)),
        "figures, several labels": lambda: figures(made_up(rows, classes, True), Sampling()),
        "slices": lambda: slices(made_up(rows, classes), Sampling.of_groups(groups)),
        "comparison, groups of 4": lambda: comparison(made_up(rows, classes), Sampling.of_groups(groups)),
        "scores written and read": lambda: round_trip(made_up(rows, classes)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    every = steps(options.rows, options.classes)
    if options.step:
        spent, worked, what = every[options.step]()
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {options.step} | {spent:.1f} | {worked:.1f} | {peak_mib:.0f} | {what} |", flush=True)
        return
    print(
        f"{options.rows:,} × {options.classes:,}\n\n| step | s | CPU s | peak MiB | |\n|---|---|---|---|---|",
        flush=True,
    )
    for step in every:
        size = ["--rows", str(options.rows), "--classes", str(options.classes)]
        subprocess.run([sys.executable, "-m", "benchmarks.figures", *size, "--step", step], check=True)
    print(f"\n{describe_machine()}")


if __name__ == "__main__":
    main()
