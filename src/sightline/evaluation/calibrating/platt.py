"""A slope and an intercept a label (Platt 1999, Probabilistic outputs for support vector machines)."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.calibrating.smoothing import platt_targets
from sightline.evaluation.calibrating.temperature import fit_temperature
from sightline.records import Platt, Scores, activate

FEWEST = 5
_MAX_STEPS = 100
_TOLERANCE = 1e-10


def fit_platt(scores: Scores) -> Platt:
    """The slope and intercept of each label that minimise the cross-entropy to Platt's smoothed targets.

    A label with fewer than 5 pictures, or missing from fewer than 5, keeps the slope of the common temperature and
    no intercept; so does one whose slope would be 0 or less, which would turn its ranking round.

    Raises:
        DatasetError: a logit is NaN or infinite.
    """
    common = 1.0 / fit_temperature(scores)
    fits = [
        fit_line(logits.astype(np.float64), truth, common)
        for logits, truth in zip(scores.logits.T, scores.multi_hot.T, strict=True)
    ]
    return Platt(slopes=tuple(slope for slope, _ in fits), intercepts=tuple(shift for _, shift in fits))


def fit_line(logits_n: NDArray[np.float64], truth_n: NDArray[np.uint8], common: float) -> tuple[float, float]:
    """Slope and intercept of one label; see `fit_platt`."""
    positives = int(truth_n.sum())
    if min(positives, len(truth_n) - positives) < FEWEST:
        return common, 0.0
    # Newton's method in units of the logits' own spread, where the two directions are of like size.
    spread = float(logits_n.std()) or 1.0
    design = np.stack([logits_n / spread, np.ones_like(logits_n)], axis=1)
    slope, intercept = _newton(design, platt_targets(truth_n))
    return (slope / spread, intercept) if slope > 0.0 else (common, 0.0)


def _newton(design_n2: NDArray[np.float64], targets_n: NDArray[np.float64]) -> tuple[float, float]:
    """The minimum of a convex loss, each step halved until it is lower (Lin, Lin and Weng 2007, A note on Platt's)."""
    parameters = np.array([0.0, float(np.log(targets_n.mean() / (1 - targets_n.mean())))])
    current = _loss(design_n2, targets_n, parameters)
    for _ in range(_MAX_STEPS):
        probabilities = activate((design_n2 @ parameters)[:, None], "sigmoid")[:, 0]
        gradient = design_n2.T @ (probabilities - targets_n)
        curvature = (design_n2 * (probabilities * (1 - probabilities))[:, None]).T @ design_n2
        step = np.linalg.solve(curvature + 1e-12 * np.eye(2), gradient)
        if float(gradient @ step) <= _TOLERANCE:
            break
        size, tried = 1.0, _loss(design_n2, targets_n, parameters - step)
        while size > 1e-8 and tried > current:
            size /= 2
            tried = _loss(design_n2, targets_n, parameters - size * step)
        parameters, current = parameters - size * step, tried
    return float(parameters[0]), float(parameters[1])


def _loss(
    design_n2: NDArray[np.float64], targets_n: NDArray[np.float64], parameters: NDArray[np.float64]
) -> float:
    calibrated = design_n2 @ parameters
    # log(1 + exp(c)), three times as fast as by logaddexp.
    softened = np.log1p(np.exp(-np.abs(calibrated))) + np.maximum(calibrated, 0.0)
    return float((softened - targets_n * calibrated).sum())
