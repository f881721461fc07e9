"""A scale and a shift a class (Guo et al. 2017, section 4.2)."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.calibrating.smoothing import doubt, strongest_rivals
from sightline.evaluation.calibrating.temperature import fit_temperature
from sightline.extras import require
from sightline.records import Scores, VectorScaling

_LOWEST_SCALE = 1e-3


def fit_vector_scaling(scores: Scores) -> VectorScaling:
    """Scales w and shifts b that minimise the smoothed negative log-likelihood of multiclass scores.

    It begins at the temperature T. The truth is doubted as in `fit_temperature`, and a standard normal prior on
    T·w − 1 and on b, worth one row, keeps classes with few rows near it.

    Raises:
        DatasetError: a logit is NaN or infinite.
        MissingExtra: SciPy is not installed.
    """
    sharpness = 1.0 / fit_temperature(scores)
    logits, truth = scores.logits.astype(np.float64), scores.classes
    weights = _linear_weights(logits, truth)
    classes = len(scores.labels)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scales, shifts = parameters[:classes], parameters[classes:]
        return _loss(logits, weights, scales, shifts, sharpness)

    found = require("scipy.optimize").minimize(
        loss,
        np.concatenate([np.full(classes, sharpness), np.zeros(classes)]),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 300},
        bounds=[(_LOWEST_SCALE * sharpness, None)] * classes + [(None, None)] * classes,
    )
    return VectorScaling(scales=tuple(found.x[:classes]), shifts=tuple(found.x[classes:]))


def _linear_weights(logits_nc: NDArray[np.float64], truth_n: NDArray[np.int64]) -> NDArray[np.float64]:
    """What each class counts for in each row, float64 `[N, C]`: the truth nearly all, its strongest rival the rest."""
    rows = np.arange(len(truth_n))
    weights = np.zeros_like(logits_nc)
    share = doubt(len(truth_n))
    weights[rows, truth_n] = 1.0 - share
    weights[rows, strongest_rivals(logits_nc, truth_n)] += share
    return weights


def _loss(
    logits_nc: NDArray[np.float64],
    weights_nc: NDArray[np.float64],
    scales_c: NDArray[np.float64],
    shifts_c: NDArray[np.float64],
    sharpness: float,
) -> tuple[float, NDArray[np.float64]]:
    """The mean loss with its prior, and its gradient by scales and shifts."""
    rows = len(logits_nc)
    calibrated = logits_nc * scales_c + shifts_c
    highest = calibrated.max(axis=1, keepdims=True)
    exponentials = np.exp(calibrated - highest)
    sums = exponentials.sum(axis=1, keepdims=True)
    error = exponentials / sums - weights_nc
    stretch = scales_c / sharpness - 1.0
    total = float((np.log(sums) + highest).sum() - (weights_nc * calibrated).sum())
    total += 0.5 * float((stretch**2).sum() + (shifts_c**2).sum())
    by_scales = (error * logits_nc).sum(axis=0) + stretch / sharpness
    by_shifts = error.sum(axis=0) + shifts_c
    return total / rows, np.concatenate([by_scales, by_shifts]) / rows
