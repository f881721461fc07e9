"""Strangeness from the logits alone. The larger a score, the stranger the picture."""

import numpy as np
from numpy.typing import NDArray

from sightline.records import Task

Floats = NDArray[np.float64]


def max_softmax(logits_nc: NDArray[np.float32], task: Task) -> Floats:
    """How unsure the most probable answer is: −log max p, float64 `[N]`, 0 and above.

    p is the softmax (Hendrycks & Gimpel 2017, A baseline for detecting misclassified and out-of-distribution
    examples), of which the logarithm keeps the order where p itself would round to 1. Multilabel: p is the sigmoid, so
    that a picture without any label looks strange.
    """
    logits = logits_nc.astype(np.float64)
    if task == "multilabel":
        return np.asarray(np.logaddexp(0, -logits.max(axis=1)), np.float64)
    unsure: Floats = _log_sum_exp(logits) - logits.max(axis=1)
    return unsure


def energy(logits_nc: NDArray[np.float32], task: Task) -> Floats:
    """The free energy, float64 `[N]`, of either sign.

    Multiclass: −log Σ exp(logit) (Liu et al. 2020, Energy-based out-of-distribution detection), at temperature 1.
    Multilabel: the sum over the labels, −Σ log(1 + exp(logit)) (Wang et al. 2021, Can multi-label classification
    networks know what they don't know?).
    """
    logits = logits_nc.astype(np.float64)
    if task == "multilabel":
        return np.asarray(-np.logaddexp(0, logits).sum(axis=1), np.float64)
    return -_log_sum_exp(logits)


def _log_sum_exp(logits_nc: Floats) -> Floats:
    largest = logits_nc.max(axis=1)
    total: Floats = largest + np.log(np.exp(logits_nc - largest[:, None]).sum(axis=1))
    return total
