"""Small measured data sets without files, for rooms that only look at the table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sightline.dataset import Dataset, Quarantined, Sample, Split
from sightline.dataset.duplicates import NearDuplicates
from sightline.dataset.reading.measures import Measures

Row = tuple[Sample, Measures]
USUAL = Measures(
    format="JPEG",
    pixels_digest="",
    brightness_low=0.2,
    brightness_high=0.8,
    contrast=0.2,
    entropy_bits=7.0,
    sharpness=0.8,
    colourfulness=0.1,
)


def row(
    path: str,
    *labels: str,
    group: str | None = None,
    split: Split | None = None,
    sha256: str | None = None,
    size_px: tuple[int, int] = (500, 375),
    **measures: object,
) -> Row:
    """A picture like any other, but for what is given; its content is its own unless told otherwise."""
    sample = Sample(path, labels or ("a",), group, split, *size_px, 1000, sha256 or f"file of {path}")
    return sample, USUAL._replace(**{"pixels_digest": f"pixels of {path}", **measures})


def rows(count: int, *labels: str, prefix: str = "usual", **measures: object) -> list[Row]:
    """Pictures all alike in their looks."""
    return [row(f"{prefix}{index:04}.jpg", *labels, **measures) for index in range(count)]


def measured(
    given: Sequence[Row], *, labels: Sequence[str] = (), quarantine: Sequence[Quarantined] = ()
) -> Dataset:
    """A data set of these rows, which the table sorts by path."""
    names = labels or sorted({label for sample, _ in given for label in sample.labels})
    samples, measures = [sample for sample, _ in given], [look for _, look in given]
    return Dataset.of(Path("/nowhere"), names, samples, quarantine, measures)


def twins(count: int, *pairs: tuple[int, int, float]) -> NearDuplicates:
    """Near duplicates among `count` rows, each pair (row, later row, similarity); pairs may not form chains."""
    clusters = np.full(count, -1, np.int64)
    for number, (one, other, _) in enumerate(pairs):
        known = max(clusters[one], clusters[other])
        clusters[[one, other]] = number if known < 0 else known
    return NearDuplicates(
        np.array([pair[:2] for pair in pairs], np.int64).reshape(-1, 2),
        np.array([pair[2] for pair in pairs], np.float32),
        clusters,
    )
