"""Folds of cross-validation that cannot leak into one another."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sightline.dataset.learnable import require_learnable
from sightline.dataset.sample import SPLITS
from sightline.dataset.splits.dealing import Side
from sightline.dataset.splits.earlier import (
    earlier_folds,
    earlier_notes,
    earlier_rows,
    earlier_sides,
    split_codes,
)
from sightline.dataset.splits.placing import FREE, OUT, bridge_notes, deal_free, follow_settled
from sightline.dataset.splits.split import require_complete, require_shares
from sightline.dataset.splits.split_notes import split_notes
from sightline.dataset.splits.units import Codes, tie_codes, tied_units
from sightline.dataset.table import Dataset
from sightline.errors import InputError

_TEST, _EXCLUDED = SPLITS.index("test"), SPLITS.index("excluded")


def split_folds(
    dataset: Dataset, folds: int, *, test: float = 0.15, seed: int = 0, earlier: Dataset | None = None
) -> Dataset:
    """Give every sample outside test a fold, 0 to `folds` - 1, and the split train.

    `test` is a share of the whole, 0 for none; a test that the data came with stays, and is then the only
    one. What they call val or calibration is learnt from too, as each fold is held out in its turn; folds that
    they came with stay. For units, strata, `earlier`, and what is excluded, see `split_dataset`. A class with
    too few units is given to one fold first, then to test, then to the other folds.

    Raises:
        InputError: fewer than 2 folds, more than there are units for them, a fold of the data beyond them, or
            a share that leaves nothing for them.
        DatasetError: see `split_dataset`.
    """
    require_shares({"test": test})
    if folds < 2:
        raise InputError(f"folds is {folds}; it must be 2 or more, so that one can be held out.")
    given = split_codes(dataset)
    has_test = "test" in require_complete(given)
    rows = earlier_rows(dataset, earlier)
    before = earlier_sides(dataset, earlier, rows)
    # What an earlier split learnt from must not be tested on: without earlier folds its test stays as it is.
    if earlier is not None and earlier.table["fold"].null_count == len(earlier):
        has_test = True
        given = np.where((given == -1) & (before == _TEST), _TEST, given)
    sides = {fold: Side((1 - test * (not has_test)) / folds, 0) for fold in range(folds)}
    if test > 0 and not has_test:
        sides[folds] = Side(test, 1)
    carried = earlier_folds(dataset, earlier, rows)
    settled = _settled(dataset, carried, before, given, folds, has_test)
    ties = tie_codes(dataset.table)
    apart = given == _TEST
    placed = follow_settled(ties, np.where(apart, OUT, settled))
    _require_units(placed.units, len(sides))
    final = deal_free(dataset, placed, sides, ~apart, seed)
    final[apart] = folds
    result = dataset.with_columns(_columns(final, folds))
    require_learnable(result)
    names = {fold: f"fold {fold}" for fold in range(folds)} | {folds: "test"}
    notes = (
        *earlier_notes(dataset, earlier, rows),
        *bridge_notes(dataset, placed.bridges, names, settled),
        *split_notes(result, tied_units(ties, final != OUT)),
    )
    return replace(result, notes=(*dataset.notes, *notes))


def _settled(
    dataset: Dataset, settled: Codes, before: Codes, given: Codes, folds: int, has_test: bool
) -> Codes:
    """A fold, `folds` for test, `FREE`, or `OUT`."""
    if settled.max(initial=-1) >= folds:
        row = int(settled.argmax())
        raise InputError(
            f"'{dataset.table['path'][row]}' is in fold {settled[row]} already, and folds is {folds}. Ask for as "
            "many folds as before, or start without the earlier ones."
        )
    settled = np.where(settled >= 0, settled, FREE)
    if not has_test:
        settled[before == _TEST] = folds
    settled[given == _TEST] = folds
    settled[(given == _EXCLUDED) | ((before == _EXCLUDED) & (given != _TEST))] = OUT
    return settled


def _require_units(units: Codes, needed: int) -> None:
    there = int(units.max(initial=-1)) + 1
    if there < needed:
        raise InputError(
            f"{needed} parts (folds, and test if asked for) need as many independent groups of pictures, and there "
            f"are {there}. Ask for fewer folds, or add pictures."
        )


def _columns(sides: NDArray[np.int64], folds: int) -> dict[str, pa.Array]:
    names = np.where(sides == OUT, "excluded", np.where(sides == folds, "test", "train"))
    return {
        "split": pa.array(names, pa.string()),
        "fold": pa.array(sides, mask=(sides < 0) | (sides == folds)),
    }
