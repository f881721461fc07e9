"""What mistakes cost, as the user says."""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.errors import InputError

_LARGEST_BYTES = 64 << 20
_LARGEST_COST = 1e15
_MOST_MISTAKES = 5


def read_costs(path: Path, labels: Sequence[str]) -> NDArray[np.float64]:
    """Read a cost matrix, float64 `[C, C]` in the order of the labels: row = truth, column = answer.

    The file is CSV in UTF-8. Its first row names the answers, after a first cell that may say anything; every
    further row names a class and gives what each answer to a picture of it costs, in any one unit. A negative
    cost is a gain.

    Raises:
        InputError: it cannot be read, a label is missing, unknown or there twice, or a cell is no number or beyond
            1e15. The first five mistakes are listed, and how many more there are.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise InputError(f"'{path}' has {path.stat().st_size:,} bytes: that is no cost matrix.")
        text = path.read_text(encoding="utf-8-sig")
        rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise InputError(f"The costs in '{path}' cannot be read: {err}.") from err
    if not rows:
        raise InputError(f"'{path}' is empty. Its first row must name the answers: truth,{','.join(labels)}")
    mistakes: list[str] = []
    columns = _places([cell.strip() for cell in rows[0][1:]], labels, "column", mistakes)
    lines = _places([row[0].strip() for row in rows[1:]], labels, "row", mistakes)
    costs = np.full((len(labels), len(labels)), np.nan)
    names = [cell.strip() for cell in rows[0][1:]]
    for row, line in zip(rows[1:], lines, strict=True):
        _read_row(row, names, columns, None if line is None else costs[line], mistakes)
    if mistakes:
        more = len(mistakes) - _MOST_MISTAKES
        shown = "; ".join(mistakes[:_MOST_MISTAKES]) + (f"; and {more} more" if more > 0 else "")
        raise InputError(f"The costs in '{path}' do not fit: {shown}.")
    return costs


def _places(names: list[str], labels: Sequence[str], what: str, mistakes: list[str]) -> list[int | None]:
    index = {label: place for place, label in enumerate(labels)}
    mistakes += [f"no {what} for '{label}'" for label in labels if label not in names]
    mistakes += [f"{what} '{name}' is none of the labels" for name in names if name not in index]
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) != len(names) else set()
    mistakes += [f"{what} '{name}' is there twice" for name in sorted(twice)]
    return [index.get(name) for name in names]


def _read_row(
    row: list[str],
    names: list[str],
    columns: list[int | None],
    costs_c: NDArray[np.float64] | None,
    mistakes: list[str],
) -> None:
    if len(row) != len(columns) + 1:
        mistakes.append(f"row '{row[0]}' has {len(row) - 1} costs for {len(columns)} columns")
        return
    for cell, name, column in zip(row[1:], names, columns, strict=True):
        try:
            cost = float(cell)
        except ValueError:
            cost = math.nan
        where = f"row '{row[0].strip()}', column '{name}'"
        if not math.isfinite(cost):
            mistakes.append(f"{where}: '{cell.strip()}' is no number")
        elif abs(cost) > _LARGEST_COST:
            limit = f"{_LARGEST_COST:g}"
            mistakes.append(f"{where}: {cell.strip()} is beyond {limit}; use a larger unit of cost")
        elif column is not None and costs_c is not None:
            costs_c[column] = cost
