"""The folds of a source of images: what each learns from, what picks its epoch, and what it is measured on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Dataset, ReadOptions, examine_dataset, split_dataset, split_folds
from sightline.dataset.reading.read import Listener as ReadListener
from sightline.errors import DatasetError, RecipeError
from sightline.training import Recipe

DEFAULT_FOLDS = 5


@dataclass(frozen=True)
class Fold:
    """One of the trainings. No group, near copy or equal picture is in two of its parts.

    train, val
        From all other folds: what is learnt from, and what picks the best epoch.
    held_out
        What is measured on, and plays no other part.
    """

    number: int
    train: Dataset
    val: Dataset
    held_out: Dataset


@dataclass(frozen=True)
class Folds:
    """All folds of a set, its digest with them, and notes on the data; `left_out`: pictures of a test split."""

    folds: tuple[Fold, ...]
    digest: str
    notes: tuple[str, ...]
    left_out: int


def plan_folds(recipe: Recipe, folds: int | None = None, listen: ReadListener | None = None) -> Folds:
    """Read `data.train_dir` and give every picture outside test a fold; see `split_folds`.

    `folds` None: as many as the source came with, or 5. A test split of the source is left out, as are
    `data.val_dir` and `data.test_dir`.

    Raises:
        RecipeError: no `data.train_dir`, several labels a picture, or no share for the part that picks the epoch.
        InputError, DatasetError: see `split_folds`; or a class that cannot be learnt without one of the folds.
    """
    data = recipe.data
    if data.train_dir is None:
        raise RecipeError("data.train_dir is missing: name the folder with the images, data.train_dir=PATH.")
    if recipe.task == "multilabel":
        raise RecipeError(
            "task is multilabel: cross-validation counts, for each picture, whether its one label was recognised. "
            "Train with data.fold=0, 1, … on a table with folds instead."
        )
    if data.val_fraction == 0:
        raise RecipeError(
            "data.val_fraction is 0: in each fold a part must pick the best epoch, 0.15 for instance."
        )
    options = ReadOptions(
        limits=recipe.preprocessing().limits,
        group_by=data.group_by,
        group_gap=data.group_gap,
        corrections=None if data.corrections is None else Path(data.corrections),
        remember=True,
    )
    read = examine_dataset(data.train_dir, options, listen).dataset
    dealt = split_folds(read, folds or _own_folds(read), test=0.0, seed=recipe.seed)
    numbers = dealt.table["fold"].to_numpy(zero_copy_only=False)
    found = tuple(
        _fold(dealt, numbers, number, recipe) for number in np.unique(numbers[numbers >= 0]).tolist()
    )
    test = len(dealt.of_split("test"))
    return Folds(found, dealt.digest(), (*dealt.notes, *_unused(recipe, test)), test)


def _own_folds(dataset: Dataset) -> int:
    own = [number for number in dataset.table["fold"].to_pylist() if number is not None]
    return max(own) + 1 if own else DEFAULT_FOLDS


def _fold(dealt: Dataset, numbers: NDArray[np.float64], number: int, recipe: Recipe) -> Fold:
    others = dealt.take(np.flatnonzero((numbers >= 0) & (numbers != number)))
    free = others.with_columns({"split": [None] * len(others), "fold": [None] * len(others)})
    _require_classes(free, int(number))
    inner = split_dataset(free, val=recipe.data.val_fraction, test=0.0, seed=recipe.seed)
    return Fold(
        number=int(number),
        train=inner.of_split("train"),
        val=inner.of_split("val"),
        held_out=dealt.take(np.flatnonzero(numbers == number)),
    )


def _require_classes(others: Dataset, number: int) -> None:
    missing = [label for label, count in others.class_counts().items() if count == 0]
    if missing:
        raise DatasetError(
            f"All pictures of {', '.join(missing)} are in fold {number}: they show the same thing, or near copies of "
            "it, so that nothing is left to learn the class from. Add independent pictures, or leave the class out."
        )


def _unused(recipe: Recipe, test: int) -> Sequence[str]:
    notes = []
    if test:
        notes.append(f"{test:,} pictures of the source's own test split are left out of the folds.")
    for key in ("val_dir", "test_dir", "fold", "earlier"):
        value = getattr(recipe.data, key)
        if value is not None:
            notes.append(f"data.{key} plays no part: the folds are made of data.train_dir alone.")
    return notes
