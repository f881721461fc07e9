"""Folds of cross-validation that part no unit, with every class spread over them as evenly as can be."""

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sightline.errors import DatasetError, InputError
from sightline.extras import require

Fold = tuple[NDArray[np.int64], NDArray[np.int64]]


def unit_folds(
    targets: NDArray[np.int64] | NDArray[np.bool_], units_n: NDArray[np.int64], folds: int, seed: int
) -> Iterator[Fold]:
    """Rows to learn from and rows held out, int64, `folds` times; every row is held out once.

    Samples of several labels (bool `[N, C]`) are spread by their rarest label. With fewer units than folds
    there are as many folds as units.

    Raises:
        InputError: fewer than 2 folds.
        DatasetError: fewer than two units.
        MissingExtra: scikit-learn is not installed.
    """
    if folds < 2:
        raise InputError(f"folds is {folds}; it must be 2 or more.")
    unit_count = len(np.unique(units_n))
    if unit_count < 2:
        raise DatasetError(
            "All pictures belong to one group, so that none can be judged by others. Check the groups."
        )
    count = min(folds, unit_count)
    strata = _rarest_label(targets) if targets.ndim == 2 else targets.astype(np.int64)
    splitter = require("sklearn.model_selection").StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class with fewer samples than folds; `judgement_notes` says so by units, which is what counts.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        yield from splitter.split(units_n[:, None], _stratifiable(strata, count), units_n)


def _rarest_label(targets_nc: NDArray[np.bool_] | NDArray[np.int64]) -> NDArray[np.int64]:
    counts = targets_nc.sum(axis=0)
    rarity = np.where(targets_nc, counts, len(targets_nc) + 1)
    rarest: NDArray[np.int64] = np.argmin(rarity, axis=1)
    return rarest


def _stratifiable(strata_n: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    # scikit-learn refuses when every class has fewer samples than there are folds.
    return strata_n if np.unique(strata_n, return_counts=True)[1].max() >= folds else np.zeros_like(strata_n)
