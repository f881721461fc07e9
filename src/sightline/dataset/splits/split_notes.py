"""What a split cannot help, said in sentences: classes that are absent somewhere, and given splits that leak."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sightline.dataset.label_cells import LabelCells
from sightline.dataset.sample import SPLITS
from sightline.dataset.splits.earlier import fold_codes, split_codes
from sightline.dataset.table import Dataset

_IN_USE = SPLITS[:-1]
_SHOWN_CLASSES = 20


def split_notes(dataset: Dataset, units: NDArray[np.int64]) -> tuple[str, ...]:
    """Notes on a divided set; `units`, int64 `[N]`, are numbers of what belongs together, -1 for excluded."""
    sides = split_codes(dataset)
    sides[sides >= len(_IN_USE)] = -1
    folds = np.where(sides == 0, fold_codes(dataset), -1)
    return (
        *_notes_on_classes(dataset, units, sides, _IN_USE),
        *_notes_on_classes(
            dataset, units, folds, [f"fold {fold}" for fold in range(folds.max(initial=-1) + 1)]
        ),
        *_notes_on_leaks(dataset, units, sides, "splits"),
        *_notes_on_leaks(dataset, np.where(folds >= 0, units, -1), folds, "folds"),
    )


def override_notes(dataset: Dataset, own: NDArray[np.int64], before: NDArray[np.int64]) -> Iterator[str]:
    """On samples that the data now put into another split than that of the earlier table."""
    moved = np.flatnonzero((own >= 0) & (before >= 0) & (own != before))
    if len(moved):
        row = moved[0]
        yield (
            f"{len(moved)} pictures are no longer in the split that the earlier table had them in, since the data "
            f"say so: '{dataset.table['path'][row]}', for instance, was in {SPLITS[before[row]]} and is in "
            f"{SPLITS[own[row]]}. A model that has seen them there is flattered."
        )


def _notes_on_classes(
    dataset: Dataset, units: NDArray[np.int64], sides: NDArray[np.int64], names: "tuple[str, ...] | list[str]"
) -> Iterator[str]:
    if not len(names):
        return
    cells = LabelCells.of(dataset)
    used = np.flatnonzero(np.bincount(sides[sides >= 0], minlength=len(names)))
    absent = cells.count_in(sides, len(names)).toarray()[used] == 0
    names_used = [names[side] for side in used]
    order = sorted(range(len(used)), key=lambda side: names_used[side])
    lacking = np.flatnonzero(absent.any(axis=0))
    counts = cells.count_units(units)
    for label in lacking[:_SHOWN_CLASSES]:
        where = " or ".join(names_used[side] for side in order if absent[side, label])
        yield (
            f"Class '{dataset.labels[label]}' has no picture in {where}, with {counts[label]} independent "
            "groups of pictures in all. Its figures are missing there."
        )
    if len(lacking) > _SHOWN_CLASSES:
        yield f"{len(lacking) - _SHOWN_CLASSES} more classes have no picture in one split or fold or another."


def _notes_on_leaks(
    dataset: Dataset, units: NDArray[np.int64], sides: NDArray[np.int64], what: str
) -> Iterator[str]:
    known = np.flatnonzero((units >= 0) & (sides >= 0))
    if not len(known):
        return
    mine, side = units[known], sides[known]
    parts = int(mine.max()) + 1
    low, high = np.full(parts, np.iinfo(np.int64).max), np.full(parts, -1)
    np.minimum.at(low, mine, side)
    np.maximum.at(high, mine, side)
    parted = np.flatnonzero(low < high)
    if len(parted):
        rows = known[mine == parted[0]]
        other = rows[sides[rows] != sides[rows[0]]][0]
        one, two = pc.take(dataset.table["path"], pa.array([rows[0], other])).to_pylist()
        yield (
            f"The {what} that were given or kept part {len(parted)} groups or identical files, '{one}' and '{two}' "
            "for instance. Figures on them flatter the model."
        )
