"""One number that makes probabilities mean what they say (Guo et al. 2017, section 4.2)."""

import numpy as np

from sightline.evaluation.blocks import require_finite, row_blocks
from sightline.evaluation.likelihood import slope_and_curvature
from sightline.records import Scores

_COOLEST, _HOTTEST = 0.05, 20.0
_TOLERANCE = 1e-10
_MAX_STEPS = 100


def fit_temperature(scores: Scores) -> float:
    """The temperature in [0.05, 20] that minimises the negative log-likelihood of `scores`.

    That of the softmax for multiclass scores; that of the sigmoid, one temperature for all labels, for multilabel
    ones. Fit it on a calibration split that nothing was trained on. Where the data cannot tell, the answer is the
    one that claims least:

    - no rows, or logits that are equal within every row (multilabel: all 0): 1, nothing to learn from;
    - every row right (multilabel: every label of every row on its side of 0): 1, although the likelihood would
      go on rising as T falls to 0. A split without a mistake says nothing about how sure is too sure;
    - the minimum lies outside the bounds: the nearer bound (one wrong row alone gives 20).

    Raises:
        DatasetError: a logit is NaN or infinite.
    """
    require_finite(scores)
    if len(scores.targets) == 0 or _all_right(scores):
        return 1.0
    # The likelihood is convex in β = 1/T, not in T: the search runs over β.
    low, high = 1.0 / _HOTTEST, 1.0 / _COOLEST
    slope_low, slope_high = slope_and_curvature(scores, low)[0], slope_and_curvature(scores, high)[0]
    if slope_low == slope_high == 0.0:
        return 1.0
    if slope_low >= 0.0:
        return _HOTTEST
    if slope_high <= 0.0:
        return _COOLEST
    return 1.0 / _root_of_slope(scores, low, high)


def _root_of_slope(scores: Scores, low: float, high: float) -> float:
    """Newton's method on β, with bisection wherever a step would leave the bracket."""
    sharpness = min(max(1.0, low), high)
    for _ in range(_MAX_STEPS):
        slope, curvature = slope_and_curvature(scores, sharpness)
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


def _all_right(scores: Scores) -> bool:
    """Whether the truth has the strictly largest logit in every row; multilabel: no logit contradicts it."""
    if scores.task == "multilabel":
        return not any(_contradicted(scores, block) for block in row_blocks(scores))
    for block in row_blocks(scores):
        logits, targets = scores.logits[block], scores.classes[block][:, None]
        truth = np.take_along_axis(logits, targets, axis=1)
        if ((logits >= truth).sum(axis=1) > 1).any():
            return False
    return True


def _contradicted(scores: Scores, block: slice) -> bool:
    logits, truth = scores.logits[block], scores.multi_hot[block] == 1
    return bool((np.where(truth, logits < 0, logits > 0)).any())
