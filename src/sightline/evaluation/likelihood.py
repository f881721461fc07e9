"""How probable the truth was held to be, and how that changes with temperature."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.blocks import row_blocks
from sightline.records import Calibration, Scores, Temperature

UNCALIBRATED = Temperature()


def negative_log_likelihood(scores: Scores, calibration: Calibration = UNCALIBRATED) -> float:
    """Mean of −log p(truth), natural logarithm, 0 at best.

    Multiclass: the mean over the rows, p being the softmax. Multilabel: the mean over all cells of row and label
    (binary cross-entropy), p being the sigmoid. It stays finite where the probability itself is too small for a
    float. Needs at least one row and finite logits.
    """
    if scores.task == "multilabel":
        total = sum(_sigmoid_loss(scores, block, calibration) for block in row_blocks(scores))
        return total / scores.logits.size
    return sum(_softmax_loss(scores, block, calibration) for block in row_blocks(scores)) / len(
        scores.targets
    )


def slope_and_curvature(scores: Scores, sharpness: float) -> tuple[float, float]:
    """First and second derivative of the mean negative log-likelihood by β = 1/T.

    Multiclass: the first is the mean of E_p[z] − z_truth, the second the mean of Var_p[z]. Multilabel: the means
    of (p − y) z and of p (1 − p) z². The second is never negative: the likelihood is convex in β, so a root of
    the slope is the minimum.
    """
    of_block = _sigmoid_derivatives if scores.task == "multilabel" else _softmax_derivatives
    terms = scores.logits.size if scores.task == "multilabel" else len(scores.targets)
    slope = curvature = 0.0
    for block in row_blocks(scores):
        more_slope, more_curvature = of_block(scores, block, sharpness)
        slope += more_slope
        curvature += more_curvature
    return slope / terms, curvature / terms


def row_losses(
    logits_nc: NDArray[np.float32], targets_n: NDArray[np.int64], calibration: Calibration
) -> NDArray[np.float64]:
    """−log p(truth) of each row of multiclass logits, float64 `[N]`; as `negative_log_likelihood`."""
    scaled = calibration.calibrated(logits_nc)
    scaled -= scaled.max(axis=1, keepdims=True)
    losses: NDArray[np.float64] = np.log(np.exp(scaled).sum(axis=1)) - _of_truth(scaled, targets_n)
    return losses


def _softmax_loss(scores: Scores, block: slice, calibration: Calibration) -> float:
    return float(row_losses(scores.logits[block], scores.classes[block], calibration).sum())


def _softmax_derivatives(scores: Scores, block: slice, sharpness: float) -> tuple[float, float]:
    logits = _below_maximum(scores.logits[block])
    weights = np.exp(logits * sharpness)
    weights /= weights.sum(axis=1, keepdims=True)
    means = (weights * logits).sum(axis=1)
    slope = float((means - _of_truth(logits, scores.classes[block])).sum())
    return slope, float((weights * (logits - means[:, None]) ** 2).sum())


def pair_losses(
    logits_nc: NDArray[np.float32], multi_hot_nc: NDArray[np.uint8], calibration: Calibration
) -> NDArray[np.float64]:
    """−log p(truth) of each pair of row and label, float64 `[N, C]`."""
    # log(1 + exp(−s)), with the exponential of numbers below 0 only.
    scaled = calibration.calibrated(logits_nc)
    towards_truth = np.where(multi_hot_nc == 1, scaled, -scaled)
    losses: NDArray[np.float64] = np.log1p(np.exp(-np.abs(towards_truth))) - np.minimum(towards_truth, 0.0)
    return losses


def _sigmoid_loss(scores: Scores, block: slice, calibration: Calibration) -> float:
    return float(pair_losses(scores.logits[block], scores.multi_hot[block], calibration).sum())


def _sigmoid_derivatives(scores: Scores, block: slice, sharpness: float) -> tuple[float, float]:
    towards_truth = _towards_truth(scores, block)
    # Of log(1 + exp(−βs)) the slope is −s / (1 + exp(βs)); again without an exponential that overflows.
    scaled = sharpness * towards_truth
    faint = np.exp(-np.abs(scaled))
    doubt = np.where(scaled >= 0, faint, 1.0) / (1.0 + faint)
    slope = float(-(doubt * towards_truth).sum())
    return slope, float((doubt * (1.0 - doubt) * towards_truth**2).sum())


def _towards_truth(scores: Scores, block: slice) -> NDArray[np.float64]:
    """Logits where the label is true, their negatives where it is not: float64, above 0 where right."""
    logits = scores.logits[block].astype(np.float64)
    return np.where(scores.multi_hot[block] == 1, logits, -logits)


def _below_maximum(logits_nc: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = logits_nc.astype(np.float64)
    wide -= wide.max(axis=1, keepdims=True)
    return wide


def _of_truth(values_nc: NDArray[np.float64], targets_n: NDArray[np.int64]) -> NDArray[np.float64]:
    picked: NDArray[np.float64] = np.take_along_axis(values_nc, targets_n[:, None], axis=1)[:, 0]
    return picked
