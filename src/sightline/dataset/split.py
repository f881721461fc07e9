"""Train, val and test that cannot leak into one another."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sightline.dataset.allotment import Unit, allot
from sightline.dataset.learnable import require_learnable
from sightline.dataset.sample import Sample, Split
from sightline.dataset.split_notes import split_notes
from sightline.dataset.table import Dataset
from sightline.dataset.units import tied_units
from sightline.errors import DatasetError, InputError


def split_dataset(dataset: Dataset, *, val: float = 0.15, test: float = 0.15, seed: int = 0) -> Dataset:
    """Give every sample a split; those that the data came with stay, and what is missing is taken from train.

    Whole groups only, and files with the same content only together; stratified by class; the same for the
    same data and seed on every machine. `val` and `test` are shares of what is divided: of everything, or of
    train where there are splits already. 0 makes no such split.

    A class with a unit (group, or picture without one) for each split is in each of them. With fewer it can
    still be learnt, so that is no error but one of the `notes` of the result, as is any group or content
    that the data's own splits have parted.

    Raises:
        InputError: shares below 0, or that leave nothing for train.
        DatasetError: splits without train, or given for some samples only; or nothing can be learnt
            (`require_learnable`).
    """
    if not (val >= 0 and test >= 0 and val + test < 1):
        raise InputError(f"val = {val} and test = {test}: none may be below 0, and train needs a share too.")
    shares = _shares(_given_splits(dataset), val, test)
    samples = list(dataset.samples)
    units = tied_units(samples)
    result = dataset.with_columns({"split": _divide(samples, units, shares, seed)})
    require_learnable(result)
    return replace(result, notes=(*dataset.notes, *split_notes(result, units)))


def _given_splits(dataset: Dataset) -> set[Split]:
    given = {sample.split for sample in dataset.samples}
    if given == {None}:
        return set()
    if None in given:
        raise DatasetError("Some samples have a split and others have none. Give one to all, or to none.")
    if "train" not in given:
        raise DatasetError(f"There is {' and '.join(sorted(map(str, given)))} but no train to learn from.")
    return {split for split in given if split is not None}


def _shares(given: set[Split], val: float, test: float) -> dict[Split, float]:
    """Train, and each split that is asked for and not there, with its share of what is divided."""
    asked: dict[Split, float] = {"val": val, "test": test}
    new = {split: share for split, share in asked.items() if share > 0 and split not in given}
    return {"train": 1 - sum(new.values()), **new}


def _divide(
    samples: Sequence[Sample], units: Sequence[tuple[int, ...]], shares: Mapping[Split, float], seed: int
) -> list[Split | None]:
    # What is tied to a sample that the data itself put into val or test stays where it is.
    movable = [unit for unit in units if all(samples[index].split in (None, "train") for index in unit)]
    divided = [sample.split for sample in samples]
    for unit, split in zip(movable, allot(_as_units(samples, movable), shares, seed), strict=True):
        for index in unit:
            divided[index] = split
    return divided


def _as_units(samples: Sequence[Sample], units: Sequence[tuple[int, ...]]) -> list[Unit]:
    return [
        Unit(
            name=samples[unit[0]].path,
            counts=Counter(label for index in unit for label in samples[index].labels),
        )
        for unit in units
    ]
