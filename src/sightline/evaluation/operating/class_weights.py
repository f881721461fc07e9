"""Answers weighed so that macro-F1 is largest: rare classes are answered more readily."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.calibrating.folds import held_out
from sightline.evaluation.calibrating.macro import macro_f1

_FACTORS = (0.125, 0.25, 0.5, 0.7, 1.4, 2.0, 4.0, 8.0)
_SWEEPS = 2
_MOST_WORK = 2e10


def fit_class_weights(
    probabilities_nc: NDArray[np.float64], targets_n: NDArray[np.int64], folds_n: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """Alarm thresholds t, float64 `[C]`, whose answer argmax p / t has the largest macro-F1; None if plain argmax does.

    Coordinate ascent over a grid. Their sum is 1, so that of probabilities, whose sum is 1 as well, at least one always
    reaches its own. They are taken only if weights fitted on other folds do better than none on the fold held out.
    """
    rows, classes = probabilities_nc.shape
    if rows * classes**2 * len(_FACTORS) * _SWEEPS > _MOST_WORK:
        return None
    answers = probabilities_nc.argmax(axis=1)
    weighed = answers.copy()
    for outside, inside in held_out(folds_n):
        weights = _ascend(probabilities_nc[outside], targets_n[outside])
        weighed[inside] = (probabilities_nc[inside] / weights).argmax(axis=1)
    if macro_f1(weighed, targets_n, classes) <= macro_f1(answers, targets_n, classes):
        return None
    found = _ascend(probabilities_nc, targets_n)
    thresholds: NDArray[np.float64] = found / found.sum()
    return thresholds


def _ascend(probabilities_nc: NDArray[np.float64], targets_n: NDArray[np.int64]) -> NDArray[np.float64]:
    classes = probabilities_nc.shape[1]
    weights = np.ones(classes)
    best = macro_f1(probabilities_nc.argmax(axis=1), targets_n, classes)
    for _ in range(_SWEEPS):
        before = best
        for index in range(classes):
            for factor in _FACTORS:
                tried = weights.copy()
                tried[index] *= factor
                score = macro_f1((probabilities_nc / tried).argmax(axis=1), targets_n, classes)
                if score > best + 1e-12:
                    best, weights = score, tried
        if best == before:
            break
    return weights
