"""Train, val, calibration and test that cannot leak into one another."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sightline.dataset.learnable import require_learnable
from sightline.dataset.sample import SPLITS, Split
from sightline.dataset.splits.dealing import Side
from sightline.dataset.splits.earlier import (
    changed_rows,
    earlier_folds,
    earlier_notes,
    earlier_rows,
    earlier_sides,
    split_codes,
)
from sightline.dataset.splits.placing import FREE, OUT, bridge_notes, deal_free, follow_settled
from sightline.dataset.splits.split_notes import override_notes, split_notes
from sightline.dataset.splits.units import tie_codes, tied_units
from sightline.dataset.table import Dataset
from sightline.errors import DatasetError, InputError

# What a class with too few units is given first: one that is not tested is a blind spot, one that is not
# calibrated only a blurred one.
_BY_NEED: tuple[Split, ...] = ("train", "test", "val", "calibration")
_TRAIN, _EXCLUDED = SPLITS.index("train"), SPLITS.index("excluded")


def split_dataset(
    dataset: Dataset,
    *,
    val: float = 0.15,
    calibration: float = 0.0,
    test: float = 0.15,
    seed: int = 0,
    earlier: Dataset | None = None,
) -> Dataset:
    """Give every sample a split; those that the data came with stay, and what is missing is taken from train.

    Whole units only: samples of one group, one cluster of near duplicates, or the same content or pixels stay
    together. Stratified by class; the same for the same data and seed on every machine, whatever the order of
    the rows. `val`, `calibration` and `test` are shares of what is divided: of everything, or of train where
    there are splits already. 0 makes no such split. `excluded` samples stay so and count for nothing.

    With `earlier`, the same set as it was split before, every sample that was in it (by content, else by path)
    keeps its split and its fold, unless the data themselves now put it elsewhere. What is new goes to
    the samples that it is tied to; if these are on different sides it is excluded, with a note. New units are
    dealt so that the shares of the whole come right.

    A class with a unit for each split is in each of them. With fewer it can still be learnt, so that is no
    error but one of the `notes` of the result, as is any unit that the data's own splits have parted.

    Raises:
        InputError: shares below 0, or that leave nothing for train.
        DatasetError: splits without train, or given for some samples only; an `earlier` without splits; or
            nothing can be learnt (`require_learnable`).
    """
    asked: dict[Split, float] = {"val": val, "calibration": calibration, "test": test}
    require_shares(asked)
    given = split_codes(dataset)
    sides = _sides(require_complete(given), asked)
    rows = earlier_rows(dataset, earlier)
    before = earlier_sides(dataset, earlier, rows)
    own = np.where(given == _TRAIN, FREE, given)
    settled = np.where(own == FREE, before, own)
    settled[settled == _EXCLUDED] = OUT
    ties = tie_codes(dataset.table)
    tied_to_given = _tied_to(ties, settled, (own >= 0) & (settled != OUT))
    # What is tied to a sample that the data themselves put elsewhere stays in train: the leak is theirs.
    settled[tied_to_given & (settled == FREE)] = _TRAIN
    settled[_tied_and_changed(ties, settled, changed_rows(dataset, earlier, rows), own)] = FREE
    placed = follow_settled(ties, settled)
    final = deal_free(dataset, placed, sides, ~tied_to_given, seed)
    final[final == OUT] = _EXCLUDED
    folds = np.where(final == _TRAIN, earlier_folds(dataset, earlier, rows), -1)
    result = dataset.with_columns({"split": _names(final), "fold": pa.array(folds, mask=folds < 0)})
    require_learnable(result)
    notes = (
        *earlier_notes(dataset, earlier, rows),
        *override_notes(dataset, own, before),
        *bridge_notes(dataset, placed.bridges, dict(enumerate(SPLITS)), settled),
        *split_notes(result, placed.units),
    )
    return replace(result, notes=(*dataset.notes, *notes))


def require_shares(asked: Mapping[Split, float]) -> None:
    """Check shares beside train's.

    Raises:
        InputError: one is below 0, or nothing is left for train.
    """
    if not (all(share >= 0 for share in asked.values()) and sum(asked.values()) < 1):
        shown = " and ".join(f"{split} = {share}" for split, share in asked.items())
        raise InputError(f"{shown}: none may be below 0, and train needs a share too.")


def require_complete(given: NDArray[np.int64]) -> set[Split]:
    """The splits that the data came with, `excluded` left aside; codes as of `split_codes`.

    Raises:
        DatasetError: there is no train among them, or only some samples have one.
    """
    codes = set(np.unique(given).tolist()) - {_EXCLUDED}
    if codes <= {-1}:
        return set()
    if -1 in codes:
        raise DatasetError("Some samples have a split and others have none. Give one to all, or to none.")
    names = {SPLITS[code] for code in codes}
    if "train" not in names:
        raise DatasetError(f"There is {' and '.join(sorted(names))} but no train to learn from.")
    return names


def _sides(given: set[Split], asked: Mapping[Split, float]) -> dict[int, Side]:
    """Train, and each split that is asked for and not there, by need, with its share of what is divided."""
    new = {split: share for split, share in asked.items() if share > 0 and split not in given}
    shares: dict[Split, float] = {"train": 1 - sum(new.values()), **new}
    return {
        SPLITS.index(split): Side(shares[split], need)
        for need, split in enumerate(_BY_NEED)
        if split in shares
    }


def _tied_and_changed(
    ties: list[NDArray[np.int64]],
    settled: NDArray[np.int64],
    changed: NDArray[np.bool_],
    own: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Samples whose content is new under an old path, and that others show as well: these follow the others."""
    candidates: NDArray[np.bool_] = changed & (own == FREE) & (settled != OUT)
    if not candidates.any():
        return candidates
    units = tied_units(ties, settled != OUT)
    sizes = np.bincount(units[units >= 0])
    alone = np.ones(len(units), np.bool_)
    alone[units >= 0] = sizes[units[units >= 0]] == 1
    follows: NDArray[np.bool_] = candidates & ~alone
    return follows


def _tied_to(
    ties: list[NDArray[np.int64]], settled: NDArray[np.int64], rows: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    if not rows.any():
        return rows
    units = tied_units(ties, settled != OUT)
    return np.isin(units, units[rows])


def _names(codes: NDArray[np.int64]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(SPLITS)).cast(pa.string())
