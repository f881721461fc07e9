"""A rising curve a label (Zadrozny and Elkan 2002), by pooling adjacent violators (Ayer et al. 1955)."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.blocks import require_finite
from sightline.evaluation.calibrating.smoothing import doubt
from sightline.extras import require
from sightline.records import Curve, Isotonic, Scores


def fit_isotonic(scores: Scores) -> Isotonic:
    """The rising curve of each label with the least squared error to Platt's smoothed targets.

    Smoothing keeps every probability off 0 and 1. It needs no more than that: the curve of smoothed targets is the
    curve of 0 and 1, brought from [0, 1] into [1 / (N₋ + 2), (N₊ + 1) / (N₊ + 2)].

    Raises:
        DatasetError: a logit is NaN or infinite.
        MissingExtra: SciPy is not installed.
    """
    require_finite(scores)
    columns = zip(scores.logits.T, scores.multi_hot.T, strict=True)
    return Isotonic(curves=tuple(fit_curve(logits, truth) for logits, truth in columns))


def fit_curve(logits_n: NDArray[np.float32], truth_n: NDArray[np.uint8]) -> Curve:
    """The curve of one label: two points a level, where it begins and where it ends."""
    values, owner = np.unique(logits_n.astype(np.float64), return_inverse=True)
    counts = np.bincount(owner)
    levels = pool_adjacent_violators(np.bincount(owner, weights=truth_n) / counts, counts)
    positives = int(truth_n.sum())
    low, high = doubt(len(truth_n) - positives), 1.0 - doubt(positives)
    ends = np.ones(len(values), np.bool_)
    if len(values) > 2:
        ends[1:-1] = (levels[1:-1] != levels[:-2]) | (levels[1:-1] != levels[2:])
    probabilities = low + (high - low) * levels[ends]
    return Curve(logits=tuple(values[ends]), probabilities=tuple(np.maximum.accumulate(probabilities)))


def pool_adjacent_violators(
    values_n: NDArray[np.float64], weights_n: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The rising sequence with the least weighted squared distance to `values_n`, float64 `[N]`."""
    found = require("scipy.optimize").isotonic_regression(values_n, weights=weights_n.astype(np.float64))
    levels: NDArray[np.float64] = found.x
    return levels
