"""Fitting a calibration, and a whole decision with costs, to many scores of many classes: seconds and peak memory.

Each in a process of its own; peak memory is that of the whole process, making the scores included. The scores are made
up, as in `benchmarks.figures`; the costs are whole numbers from 1 to 9, and 0 where the answer is right.
"""

import argparse
import resource
import subprocess
import sys
from collections.abc import Callable

import numpy as np

from benchmarks.figures import Watch, made_up
from benchmarks.machine import describe_machine
from sightline.evaluation.calibrating import fit_calibration
from sightline.evaluation.operating import Wishes, fit_decision, read_aim
from sightline.records import Scores


def calibration(scores: Scores) -> str:
    return fit_calibration(scores).report.chosen


def decision(scores: Scores) -> str:
    return fit_decision(scores).report.calibration.chosen


def with_costs(scores: Scores) -> str:
    classes = len(scores.labels)
    costs = np.random.default_rng(1).integers(1, 10, (classes, classes)).astype(np.float64)
    np.fill_diagonal(costs, 0.0)
    wishes = Wishes(costs=tuple(map(tuple, costs.tolist())), review_capacity=100, traffic=1000)
    return fit_decision(scores, wishes).report.calibration.chosen


def with_recalls(scores: Scores) -> str:
    wishes = Wishes(aims=(read_aim("recall(*) >= 0.9"),), review_capacity=100, traffic=1000)
    return fit_decision(scores, wishes).report.calibration.chosen


SEVERAL = "calibration, several labels"
SLOW = "decision, recall(*) and a review capacity"  # only by name
MEASURED: dict[str, Callable[[Scores], str]] = {
    "calibration": calibration,
    SEVERAL: calibration,
    "decision, nothing asked": decision,
    "decision, costs and a review capacity": with_costs,
    SLOW: with_recalls,
}


def measure(name: str, rows: int, classes: int) -> None:
    scores = made_up(rows, classes, several=name == SEVERAL)
    watch = Watch()
    chosen = MEASURED[name](scores)
    seconds, processor = watch.read()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 2**30
    print(
        f"| {name} | {rows:,} × {classes:,} | {seconds:.1f} | {processor:.1f} | {peak:.2f} | {chosen} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--classes", type=int, default=1_000)
    parser.add_argument("--only", choices=tuple(MEASURED))
    options = parser.parse_args()
    if options.only:
        measure(options.only, options.rows, options.classes)
        return
    print(
        "| fitted | scores | s | s of processor | peak GiB | chosen |\n|---|---|---|---|---|---|", flush=True
    )
    own = [sys.executable, "-m", "benchmarks.calibrating"]
    for name in (name for name in MEASURED if name != SLOW):
        size = ["--rows", str(options.rows), "--classes", str(options.classes)]
        subprocess.run([*own, *size, "--only", name], check=True)
    print(f"\n{describe_machine()}")


if __name__ == "__main__":
    main()
