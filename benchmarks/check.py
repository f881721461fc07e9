"""The check of a data set against merely decoding the same files: `examine_dataset`, then all findings.

Both read from disk on all cores and take turns, so that a noisy machine disturbs both alike; the ratio is the
median over the rounds. Nothing is remembered from one round to the next. Then how the search for near duplicates
grows, on fingerprints of crops of the same pictures at random places, each in a process of its own.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.machine import describe_machine
from sightline.dataset import examine_dataset
from sightline.dataset.duplicates import SIZE_PX, find_near_duplicates
from sightline.dataset.sources.source import open_source
from sightline.errors import ImageError
from sightline.images import decode_image, read_image_file
from sightline.parallel import Progress, in_order
from sightline.quality import check_dataset, find_issues
from sightline.records import Preprocessing

SPEC = Preprocessing(width_px=1, height_px=1, jpeg_reduction=None)
_SMALLEST_CROP = 0.3


class Round(NamedTuple):
    """Seconds of each part."""

    decoding: float
    opening: float
    search: float
    findings: float

    @property
    def ratio(self) -> float:
        return (self.opening + self.search + self.findings) / self.decoding


class Clock:
    """Stages of `examine_dataset` as they begin."""

    def __init__(self) -> None:
        self.marks = [time.perf_counter()]

    def __call__(self, title: str) -> Progress | None:
        self.marks.append(time.perf_counter())
        return None


def decode(root: Path, path: str) -> None:
    with suppress(ImageError):  # the check meets it too
        decode_image(read_image_file(root / path, SPEC.limits), SPEC)


def decoding_seconds(folder: Path) -> float:
    started = time.perf_counter()
    source = open_source(folder)
    work = partial(decode, Path(source.store.location))
    for _ in in_order(work, [one.path for one in source.listing.files]):
        pass
    return time.perf_counter() - started


def one_round(folder: Path) -> Round:
    decoding = decoding_seconds(folder)
    clock = Clock()
    examined = examine_dataset(folder, listen=clock)
    searched = time.perf_counter()
    found = find_issues(examined.dataset, examined.near)
    check_dataset(examined.dataset, examined.near, at="", found=found)
    done = time.perf_counter()
    began = clock.marks[-1]
    return Round(decoding, began - clock.marks[0], searched - began, done - searched)


def crops(folder: Path, count: int) -> np.ndarray:
    """Fingerprints uint8 `[count, 96, 96]` of crops at random places and sizes, and a few of them twice."""
    rng = np.random.default_rng(0)
    source = open_source(folder)
    files = [one.path for one in source.listing.files][:: max(1, len(source.listing.files) // 300)]
    greys = [Image.open(Path(source.store.location) / path).convert("L") for path in files]
    prints = np.empty((count, SIZE_PX, SIZE_PX), np.uint8)
    for row in range(count):
        grey = greys[row % len(greys)]
        width, height = (rng.uniform(_SMALLEST_CROP, 0.8) * side for side in grey.size)
        left, top = rng.uniform(0, grey.width - width), rng.uniform(0, grey.height - height)
        box = (left, top, left + width, top + height)
        prints[row] = np.asarray(grey.resize((SIZE_PX, SIZE_PX), Image.Resampling.BOX, box))
    return prints


def search(folder: Path, count: int) -> None:
    prints = crops(folder, count)
    before_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.perf_counter()
    near = find_near_duplicates(prints)
    spent = time.perf_counter() - started
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"| {count:,} | {spent:.1f} | {before_mib:.0f} | {peak_mib:.0f} | {len(near.pairs):,} |", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a data set of class folders")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--searches", type=int, nargs="*", default=[10_000, 30_000, 100_000])
    parser.add_argument("--search", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.search:
        search(options.folder, options.search)
        return
    rounds = [one_round(options.folder) for _ in range(options.rounds + 1)][
        1:
    ]  # the first fills the disk cache
    print(
        "| decoding s | opening s | search s | findings s | ratio | worst ratio |\n|---|---|---|---|---|---|"
    )
    parts = " | ".join(f"{statistics.median(part):.2f}" for part in zip(*rounds, strict=True))
    ratios = [one.ratio for one in rounds]
    print(f"| {parts} | {statistics.median(ratios):.2f} | {max(ratios):.2f} |\n", flush=True)
    if options.searches:
        print(
            "| fingerprints | search s | MiB before | peak MiB | pairs |\n|---|---|---|---|---|", flush=True
        )
    for count in options.searches:
        again = [sys.executable, "-m", "benchmarks.check", str(options.folder), "--search", str(count)]
        subprocess.run(again, check=True)
    print(f"\n{describe_machine()}")


if __name__ == "__main__":
    main()
