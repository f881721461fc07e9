"""One number that makes probabilities mean what they say (Guo et al. 2017, section 4.2)."""

import numpy as np

from sightline.evaluation.blocks import require_finite, row_blocks
from sightline.evaluation.calibrating.smoothing import doubt
from sightline.evaluation.likelihood import slope_and_curvature
from sightline.records import Scores

_COOLEST, _HOTTEST = 0.05, 20.0
_TOLERANCE = 1e-10
_MAX_STEPS = 100


def fit_temperature(scores: Scores) -> float:
    """The temperature in [0.05, 20] that minimises the negative log-likelihood of smoothed `scores`.

    That of the softmax for multiclass scores; that of the sigmoid, one temperature for all labels, for multilabel
    ones. Fit it on a calibration split that nothing was trained on.

    The truth is not taken for certain: of N rows, each counts 1 / (N + 2) for the strongest rival of the truth and
    the rest for the truth, after Platt (1999). What is minimised over β = 1 / T is the mean over the rows of

        −log softmax(β z)_truth + β (z_truth − max of the other z) / (N + 2).

    With many mistakes that changes nothing that could be seen. Without any, where the plain likelihood would have T
    fall to 0, answers end at a mean confidence near (N + 1) / (N + 2): as sure as N right answers allow. Multilabel:
    a true cell counts 1 / (N₊ + 2) for the contrary, a false one 1 / (N₋ + 2), N₊ and N₋ counting the cells.

    Where the data cannot tell, the answer is the one that claims least: for no rows, one class, or logits that are
    equal within every row (multilabel: all 0) 1; where the minimum lies outside the bounds, the nearer bound.

    Raises:
        DatasetError: a logit is NaN or infinite.
    """
    require_finite(scores)
    if len(scores.targets) == 0 or (scores.task == "multiclass" and len(scores.labels) == 1):
        return 1.0
    # The loss is convex in β = 1/T, not in T: the search runs over β. What smoothing adds is linear in it.
    pull = _pull(scores)
    low, high = 1.0 / _HOTTEST, 1.0 / _COOLEST
    slope_low, slope_high = (slope_and_curvature(scores, end)[0] + pull for end in (low, high))
    if slope_low == slope_high == 0.0:
        return 1.0
    if slope_low >= 0.0:
        return _HOTTEST
    if slope_high <= 0.0:
        return _COOLEST
    return 1.0 / _root_of_slope(scores, pull, low, high)


def _root_of_slope(scores: Scores, pull: float, low: float, high: float) -> float:
    """Newton's method on β, with bisection wherever a step would leave the bracket."""
    sharpness = min(max(1.0, low), high)
    for _ in range(_MAX_STEPS):
        slope, curvature = slope_and_curvature(scores, sharpness)
        slope += pull
        if slope < 0.0:
            low = sharpness
        else:
            high = sharpness
        step = sharpness - slope / curvature if curvature > 0.0 else low
        following = step if low < step < high else (low + high) / 2
        if abs(following - sharpness) <= _TOLERANCE * sharpness:
            return following
        sharpness = following
    return sharpness


def _pull(scores: Scores) -> float:
    """What smoothing adds to the slope by β: the mean margin of the truth, times the doubt."""
    if scores.task == "multiclass":
        margins = sum(_margins(scores, block) for block in row_blocks(scores))
        return doubt(len(scores.targets)) * margins / len(scores.targets)
    trues = int(scores.multi_hot.sum(dtype=np.int64))
    doubts = (doubt(scores.logits.size - trues), doubt(trues))
    total = 0.0
    for block in row_blocks(scores):
        logits, truth = scores.logits[block].astype(np.float64), scores.multi_hot[block]
        total += float(np.where(truth == 1, doubts[1] * logits, -doubts[0] * logits).sum())
    return total / scores.logits.size


def _margins(scores: Scores, block: slice) -> float:
    """Sum over the rows of z_truth − the largest other z."""
    logits = scores.logits[block].astype(np.float64)
    places = (np.arange(len(logits)), scores.classes[block])
    truth = logits[places]
    logits[places] = -np.inf
    return float((truth - logits.max(axis=1)).sum())
