"""Columns cut into parts: by value, by quarters of a number, by label."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.records import Column, Scores

LABEL = "label"
_FEWEST_NUMBERS = 9
_QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")


@dataclass(frozen=True, eq=False)
class Part:
    """Rows, int64 `[n]`, that have one `value` of a `column`."""

    column: str
    value: str
    rows: NDArray[np.int64]


def cut(scores: Scores, columns: Mapping[str, Column]) -> Iterator[Part]:
    """Every part of every column, those of the labels first; cells without a value are in none.

    Numbers of more than eight different values are cut at their quartiles, text that consists of such numbers,
    too; everything else is cut by value.
    """
    yield from _by_label(scores)
    for name, cells in columns.items():
        numbers = _as_numbers(cells)
        yield from _by_quarter(name, numbers) if numbers is not None else _by_value(name, cells)


def _by_label(scores: Scores) -> Iterator[Part]:
    for index, label in enumerate(scores.labels):
        of_label = scores.classes == index if scores.task == "multiclass" else scores.multi_hot[:, index] == 1
        if of_label.any():
            yield Part(LABEL, label, np.flatnonzero(of_label))


def _as_numbers(cells: Column) -> NDArray[np.float64] | None:
    if cells.dtype.kind == "U":
        try:
            numbers = np.where(cells == "", "nan", cells).astype(np.float64)
        except ValueError:
            return None
    else:
        numbers = cells.astype(np.float64)
    known = numbers[np.isfinite(numbers)]
    return numbers if len(np.unique(known)) >= _FEWEST_NUMBERS else None


def _by_quarter(name: str, numbers: NDArray[np.float64]) -> Iterator[Part]:
    known = np.isfinite(numbers)
    edges = np.quantile(numbers[known], [0.25, 0.5, 0.75])
    # A number on an edge belongs below it.
    quarter = np.where(known, np.searchsorted(edges, numbers, side="left"), -1)
    for index, words in enumerate(_QUARTERS):
        rows = np.flatnonzero(quarter == index)
        if len(rows):
            low, high = numbers[rows].min(), numbers[rows].max()
            yield Part(name, f"{low:.4g} to {high:.4g} ({words})", rows)


def _by_value(name: str, cells: Column) -> Iterator[Part]:
    text = cells if cells.dtype.kind == "U" else np.where(np.isfinite(cells), cells.astype(np.str_), "")
    values, codes = np.unique(text, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(values)))
    for value, rows in zip(values.tolist(), np.split(order, ends[:-1]), strict=True):
        if value:
            yield Part(name, value, rows)
