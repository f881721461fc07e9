"""How probable the truth was held to be, and how that changes with temperature."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.blocks import row_blocks
from sightline.records import Scores


def negative_log_likelihood(scores: Scores, temperature: float) -> float:
    """Mean of −log p(truth), natural logarithm, 0 at best.

    Taken through log-sum-exp, so it stays finite where the probability itself is too small for a float.
    Needs at least one row and finite logits.
    """
    total = 0.0
    for block in row_blocks(scores):
        scaled = _below_maximum(scores.logits[block]) / temperature
        log_sums = np.log(np.exp(scaled).sum(axis=1))
        total += float((log_sums - _of_truth(scaled, scores.targets[block])).sum())
    return total / len(scores.targets)


def slope_and_curvature(scores: Scores, sharpness: float) -> tuple[float, float]:
    """First and second derivative of the mean negative log-likelihood by β = 1/T.

    The first is the mean of E_p[z] − z_truth, the second the mean of Var_p[z], which is never negative: the
    likelihood is convex in β, so a root of the slope is the minimum.
    """
    slope = curvature = 0.0
    for block in row_blocks(scores):
        logits = _below_maximum(scores.logits[block])
        weights = np.exp(logits * sharpness)
        weights /= weights.sum(axis=1, keepdims=True)
        means = (weights * logits).sum(axis=1)
        slope += float((means - _of_truth(logits, scores.targets[block])).sum())
        curvature += float((weights * (logits - means[:, None]) ** 2).sum())
    rows = len(scores.targets)
    return slope / rows, curvature / rows


def _below_maximum(logits_nc: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = logits_nc.astype(np.float64)
    wide -= wide.max(axis=1, keepdims=True)
    return wide


def _of_truth(values_nc: NDArray[np.float64], targets_n: NDArray[np.int64]) -> NDArray[np.float64]:
    picked: NDArray[np.float64] = np.take_along_axis(values_nc, targets_n[:, None], axis=1)[:, 0]
    return picked
