"""All figures of many scores, with their intervals, in a process of its own: seconds and peak memory.

The scores are made up: normal logits with the true class raised, so that about half of the answers are right. Peak
memory is that of the whole process, making the scores included. Also measured: with groups of four pictures, with
several labels a picture (1 % of all pairs true), and writing and reading the scores.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from sightline.evaluation import Sampling, evaluate_scores, read_scores, write_scores
from sightline.records import DecisionRule, ScoredSet, Scores, ScoresOrigin

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


def figures(scores: Scores, sampling: Sampling) -> tuple[float, str]:
    rule = DecisionRule(activation="softmax" if scores.task == "multiclass" else "sigmoid")
    started = time.perf_counter()
    evaluation = evaluate_scores(scores, rule, sampling)
    spent = time.perf_counter() - started
    return spent, f"{len(evaluation.model_dump_json()) / 1e6:.1f} MB of JSON"


def round_trip(scores: Scores) -> tuple[float, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.npz"
        started = time.perf_counter()
        write_scores(ScoredSet(scores, ORIGIN), path)
        read_scores(path)
        return time.perf_counter() - started, f"{path.stat().st_size / 1e6:.0f} MB on disk"


def steps(rows: int, classes: int) -> dict[str, Callable[[], tuple[float, str]]]:
    groups = np.arange(rows) // 4
    return {
        "made up only": lambda: (0.0, f"{made_up(rows, classes).logits.nbytes / 2**20:.0f} MiB of logits"),
        "figures": lambda: figures(made_up(rows, classes), Sampling()),
        "figures, groups of 4": lambda: figures(made_up(rows, classes), Sampling.of_groups(groups)),
        "figures, several labels": lambda: figures(made_up(rows, classes, True), Sampling()),
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
        spent, what = every[options.step]()
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {options.step} | {spent:.1f} | {peak_mib:.0f} | {what} |", flush=True)
        return
    print(
        f"{options.rows:,} × {options.classes:,}\n\n| step | s | peak MiB | |\n|---|---|---|---|", flush=True
    )
    for step in every:
        size = ["--rows", str(options.rows), "--classes", str(options.classes)]
        subprocess.run([sys.executable, "-m", "benchmarks.figures", *size, "--step", step], check=True)
    print(f"\n{describe_machine()}")


if __name__ == "__main__":
    main()
