"""How far two data sets differ as a whole: shares of classes and splits, sizes and looks of the pictures."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field
from scipy.stats import ks_2samp

from sightline.dataset.table import Dataset
from sightline.records import Frozen

_LARGEST = 10
_COLUMNS = (
    "width_px",
    "height_px",
    "size_bytes",
    "brightness_low",
    "brightness_high",
    "contrast",
    "entropy_bits",
    "sharpness",
    "colourfulness",
)


class ShareChange(Frozen):
    """One class or split: its samples in both sets, and its share of all labels or samples."""

    name: str
    count_a: int
    count_b: int
    share_a: float
    share_b: float


class CountShift(Frozen):
    """Samples by class or by split in two sets.

    counts_a, counts_b
        By name; the names of both sets are in each. Samples without a split count as `none`.
    distance
        The total variation distance of the two distributions, Σ |p − q| / 2: 0 the same, 1 nothing in common.
    largest
        The largest changes of share, at most ten, none of them 0.
    """

    counts_a: dict[str, int]
    counts_b: dict[str, int]
    distance: float = Field(ge=0, le=1)
    largest: tuple[ShareChange, ...]


class ValueShift(Frozen):
    """A column of numbers in two sets, by the two-sample Kolmogorov–Smirnov statistic, 0 to 1."""

    column: str
    statistic: float = Field(ge=0, le=1)
    median_a: float
    median_b: float


def class_shift(a: Dataset, b: Dataset) -> CountShift:
    """The shift of the classes; a sample counts for each of its labels."""
    return _count_shift(a.class_counts(), b.class_counts())


def split_shift(a: Dataset, b: Dataset) -> CountShift:
    """The shift of the splits."""
    return _count_shift(_split_counts(a), _split_counts(b))


def value_shifts(a: Dataset, b: Dataset) -> tuple[ValueShift, ...]:
    """The shift of each column of numbers that both sets have values in."""
    found = []
    for column in _COLUMNS:
        if column in a.table.column_names and column in b.table.column_names:
            values_a, values_b = _values(a, column), _values(b, column)
            if len(values_a) and len(values_b):
                found.append(_value_shift(column, values_a, values_b))
    return tuple(found)


def _count_shift(a: Mapping[str, int], b: Mapping[str, int]) -> CountShift:
    names = sorted({*a, *b})
    counts = np.array([[a.get(name, 0), b.get(name, 0)] for name in names], np.int64).reshape(-1, 2)
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    change = np.abs(shares[:, 1] - shares[:, 0])
    order = [row for row in np.argsort(-change, kind="stable")[:_LARGEST] if change[row] > 0]
    return CountShift(
        counts_a=dict(zip(names, counts[:, 0].tolist(), strict=True)),
        counts_b=dict(zip(names, counts[:, 1].tolist(), strict=True)),
        distance=min(1.0, float(change.sum() / 2)),
        largest=tuple(
            ShareChange(
                name=names[row],
                count_a=int(counts[row, 0]),
                count_b=int(counts[row, 1]),
                share_a=float(shares[row, 0]),
                share_b=float(shares[row, 1]),
            )
            for row in order
        ),
    )


def _split_counts(dataset: Dataset) -> dict[str, int]:
    counted = pc.value_counts(dataset.table["split"]).to_pylist()
    return {row["values"] or "none": row["counts"] for row in counted}


def _values(dataset: Dataset, column: str) -> NDArray[Any]:
    values: NDArray[Any] = dataset.table[column].drop_null().to_numpy()
    finite: NDArray[Any] = values[np.isfinite(values)]
    return finite


def _value_shift(column: str, a: NDArray[Any], b: NDArray[Any]) -> ValueShift:
    return ValueShift(
        column=column,
        # The p-value is not used: its exact form would be slow, the other one fails for one value on each side.
        statistic=float(ks_2samp(a, b, method="asymp" if max(len(a), len(b)) > 1 else "exact").statistic),
        median_a=float(np.median(a)),
        median_b=float(np.median(b)),
    )
