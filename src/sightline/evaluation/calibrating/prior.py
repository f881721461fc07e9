"""A temperature, and the classes' frequencies brought back in: two numbers, however many classes.

A network that was trained against imbalance, by weights, sampling or logit adjustment, answers as if classes were
equally frequent, and its probabilities are those of such a world.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.blocks import require_finite, row_blocks
from sightline.evaluation.calibrating.smoothing import doubt, strongest_rivals
from sightline.records import Scores, VectorScaling

_LOWEST = np.array([0.05, -2.0])
_HIGHEST = np.array([20.0, 2.0])
_TOLERANCE = 1e-6  # of the last step of Newton's method, whose error is about the square of that
_MAX_STEPS = 100
_RIDGE = 1e-9


def fit_prior_shift(scores: Scores) -> VectorScaling:
    """β = 1 / T and τ of softmax(β z + τ log π), by the smoothed likelihood of multiclass scores.

    π are the frequencies of the classes among the scores, each with one picture more. Bias-corrected temperature
    scaling (Alexandari, Kundaje and Shrikumar 2020) with its biases held to the direction in which methods against
    imbalance move them (Menon et al. 2021, Long-tail learning via logit adjustment). The result is a vector scaling of
    equal scales; β lies in [0.05, 20], τ in [−2, 2].

    Raises:
        DatasetError: a logit is NaN or infinite.
    """
    require_finite(scores)
    shares = np.bincount(scores.classes, minlength=len(scores.labels)) + 1.0
    log_prior = np.log(shares / shares.sum())
    found, part = np.array([1.0, 0.0]), 1.0
    here = _loss(scores, log_prior, found)
    for _ in range(_MAX_STEPS):
        following = np.clip(found + part * _step(found, here), _LOWEST, _HIGHEST)
        if np.abs(following - found).max() <= _TOLERANCE:
            break
        there = _loss(scores, log_prior, following)
        if there.value > here.value:
            part /= 2  # the loss is convex: a shorter step of the same direction ends lower
        else:
            found, here, part = following, there, 1.0
    sharpness, tau = following.tolist()
    return VectorScaling(scales=(sharpness,) * len(log_prior), shifts=tuple((tau * log_prior).tolist()))


@dataclass(frozen=True)
class _Loss:
    """The mean loss, the truth doubted as in `fit_temperature`, and its derivatives by β and τ: `[2]`, `[2, 2]`."""

    value: float
    slopes: NDArray[np.float64]
    curvatures: NDArray[np.float64]


def _step(found: NDArray[np.float64], here: _Loss) -> NDArray[np.float64]:
    """Newton's step along what may move: not along what lies at its bound and would leave it."""
    step = -here.slopes
    free = np.ones(2, np.bool_)
    for _ in range(3):
        outwards = ((found <= _LOWEST) & (step < 0)) | ((found >= _HIGHEST) & (step > 0))
        free &= ~outwards
        curvatures = here.curvatures[np.ix_(free, free)] + _RIDGE * np.eye(int(free.sum()))
        step = np.zeros(2)
        step[free] = -np.linalg.solve(curvatures, here.slopes[free])
    return step


def _loss(scores: Scores, log_prior_c: NDArray[np.float64], parameters: NDArray[np.float64]) -> _Loss:
    """A block of rows at a time: what is worked on stays in the processor's cache."""
    sharpness, tau = parameters
    share = doubt(len(scores.classes))
    value, slopes, curvatures = 0.0, np.zeros(2), np.zeros((2, 2))
    for block in row_blocks(scores):
        logits, truth = scores.logits[block].astype(np.float64), scores.classes[block]
        rows = np.arange(len(truth))
        rivals = strongest_rivals(logits, truth)
        calibrated = sharpness * logits + tau * log_prior_c
        highest = calibrated.max(axis=1)
        weights = np.exp(calibrated - highest[:, None])
        sums = weights.sum(axis=1)
        aimed_at = (1.0 - share) * calibrated[rows, truth] + share * calibrated[rows, rivals]
        value += float((np.log(sums) + highest - aimed_at).sum())
        weights /= sums[:, None]
        aimed_z = (1.0 - share) * logits[rows, truth] + share * logits[rows, rivals]
        aimed_l = (1.0 - share) * log_prior_c[truth] + share * log_prior_c[rivals]
        weighted = weights * logits
        mean_z, mean_l = weighted.sum(axis=1), weights @ log_prior_c
        slopes += (mean_z - aimed_z).sum(), (mean_l - aimed_l).sum()
        crossed = float((weighted @ log_prior_c - mean_z * mean_l).sum())
        of_z = float(np.einsum("nc,nc->", weighted, logits) - (mean_z**2).sum())
        of_l = float((weights @ log_prior_c**2 - mean_l**2).sum())
        curvatures += np.array([[of_z, crossed], [crossed, of_l]])
    count = len(scores.classes)
    return _Loss(value / count, slopes / count, curvatures / count)
