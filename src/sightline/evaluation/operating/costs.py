"""A cost matrix from a file: what each answer costs where each label is the truth."""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from sightline.errors import InputError


def read_costs(path: Path, labels: Sequence[str]) -> tuple[tuple[float, ...], ...]:
    """Read a CSV table: a header of answers after an empty cell, then a row a truth, beginning with its label.

    Labels may stand in any order. Returned are float rows `[C][C]` in the order of `labels`.

    Raises:
        InputError: no such file, not square, labels missing or unknown, a cell that is no finite number.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(path.read_text("utf-8-sig"))) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise InputError(f"The costs '{path}' cannot be read: {err}.") from err
    if not rows:
        raise InputError(f"The costs '{path}' are empty: write a header of answers and a row a truth.")
    answers, truths = [cell.strip() for cell in rows[0][1:]], [row[0].strip() for row in rows[1:]]
    for names, where in ((answers, "columns"), (truths, "rows")):
        if sorted(names) != sorted(labels):
            odd = sorted(set(labels) ^ set(names)) or [name for name in names if names.count(name) > 1]
            raise InputError(
                f"The costs '{path}' are not square over the {len(labels)} labels: the {len(names)} {where} differ "
                f"in {', '.join(odd[:5])}. Each label needs one row (truth) and one column (answer)."
            )
    found = {
        truth: _numbers(path, truth, row[1:], answers) for truth, row in zip(truths, rows[1:], strict=True)
    }
    return tuple(tuple(found[truth][answer] for answer in labels) for truth in labels)


def _numbers(path: Path, truth: str, cells: Sequence[str], answers: Sequence[str]) -> dict[str, float]:
    if len(cells) != len(answers):
        raise InputError(
            f"The costs '{path}': the row '{truth}' has {len(cells)} values for {len(answers)} answers."
        )
    values: dict[str, float] = {}
    for answer, cell in zip(answers, cells, strict=True):
        try:
            values[answer] = float(cell)
        except ValueError:
            values[answer] = math.nan
        if not math.isfinite(values[answer]):
            raise InputError(f"The costs '{path}': '{cell}', of '{truth}' answered '{answer}', is no number.")
    return values
