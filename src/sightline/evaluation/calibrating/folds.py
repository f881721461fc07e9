"""Parts of scored rows: those a fit sees, and those it is measured on."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.records import Scores


def rows_of(scores: Scores, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Scores:
    """The scores of some rows, in that order."""
    places = np.arange(len(scores.ids))[rows]
    return Scores(
        scores.logits[places],
        scores.embeddings[places],
        scores.targets[places],
        tuple(scores.ids[place] for place in places),
        scores.labels,
    )


def group_numbers(groups: Sequence[str | None] | None, count: int) -> NDArray[np.int64]:
    """Equal numbers for rows of one group, int64 `[N]`; a row without a group is one by itself."""
    if groups is None:
        return np.arange(count, dtype=np.int64)
    names = [f"alone {row}" if group is None else f"group {group}" for row, group in enumerate(groups)]
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)


def deal_folds(scores: Scores, groups_n: NDArray[np.int64], folds: int, seed: int = 0) -> NDArray[np.int64]:
    """The fold of each row, int64 `[N]`: groups stay whole, and classes are spread evenly where they can be.

    Groups are dealt class by class (multilabel: by the rarest label that is true), large ones first.
    """
    kinds = _kinds(scores)
    count = int(groups_n.max(initial=-1)) + 1
    sizes = np.bincount(groups_n, minlength=count)
    kind_of = np.zeros(count, np.int64)
    kind_of[groups_n] = kinds
    order = np.lexsort((np.random.default_rng(seed).random(count), -sizes, kind_of))
    loads, fold_of = np.zeros(folds), np.empty(count, np.int64)
    of_kind = np.zeros((int(kind_of.max(initial=0)) + 1, folds))
    for group in order:
        # First where the class is rarest, of these where there is least of all.
        fold = int(np.lexsort((loads, of_kind[kind_of[group]]))[0])
        fold_of[group] = fold
        loads[fold] += sizes[group]
        of_kind[kind_of[group], fold] += sizes[group]
    return fold_of[groups_n]


def random_folds(groups_n: NDArray[np.int64], folds: int, seed: int = 0) -> NDArray[np.int64]:
    """The fold of each row, int64 `[N]`, whole groups at random, whatever their classes.

    For judging what learns the frequencies of classes: spreading classes evenly would tell it those held out.
    """
    count = int(groups_n.max(initial=-1)) + 1
    fold_of = np.empty(count, np.int64)
    fold_of[np.random.default_rng(seed).permutation(count)] = np.arange(count) % folds
    return fold_of[groups_n]


def held_out(folds_n: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """For each fold the rows outside it and the rows inside it, bool `[N]` each."""
    for fold in np.unique(folds_n):
        yield folds_n != fold, folds_n == fold


def _kinds(scores: Scores) -> NDArray[np.int64]:
    if scores.task == "multiclass":
        return scores.classes
    rarity = scores.multi_hot.sum(axis=0, dtype=np.int64)
    worth = np.where(scores.multi_hot == 1, 1.0 / np.maximum(rarity, 1), 0.0)
    return np.where(worth.any(axis=1), worth.argmax(axis=1), len(scores.labels)).astype(np.int64)
