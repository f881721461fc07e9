"""The threshold above which answers are right in a stated share, also those still to come."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.operating.bounds import effective_count, lower_bound

_LADDER = (1.0, 0.98, 0.95, 0.9, 0.8, 0.7, 0.5, 0.3, 0.15, 0.05)


def surest_threshold(
    confidence_n: NDArray[np.float64],
    right_n: NDArray[np.bool_],
    groups_n: NDArray[np.int64],
    share: float,
    confidence: float,
) -> float | None:
    """The lowest threshold of a ladder above which at least `share` is right with that confidence; None if none.

    The steps keep fixed shares of the rows, all of them to one in twenty. At each an exact binomial bound is taken, at
    a confidence that leaves each step its part of the doubt, so that looking at several does not spoil the promise
    (Geifman and El-Yaniv 2017, Selective classification for deep neural networks, with a ladder in place of their
    bisection, which loses its way where there are few mistakes). With groups, counts are effective ones, see
    `effective_count`.
    """
    if len(confidence_n) == 0:
        return None
    falling = np.sort(confidence_n)[::-1]
    each = 1.0 - (1.0 - confidence) / len(_LADDER)
    for part in _LADDER:
        threshold = falling[max(1, round(part * len(falling))) - 1]
        kept = confidence_n >= threshold
        told = effective_count(right_n[kept], groups_n[kept])
        if lower_bound(float(right_n[kept].mean()) * told, told, each) >= share:
            return float(threshold)
    return None


def capacity_threshold(confidence_n: NDArray[np.float64], most: int) -> float | None:
    """The highest threshold that at most `most` of the values lie below; None if all may."""
    if most >= len(confidence_n):
        return None
    return float(np.partition(confidence_n, most)[most])


def risk_coverage(confidence_n: NDArray[np.float64], right_n: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The share of wrong answers among the k surest, float64 `[N]`, k = 1 … N (El-Yaniv and Wiener 2010).

    Equal confidences cannot be parted: within them the risk is that expected of any order.
    """
    values, owner, counts = np.unique(-confidence_n, return_inverse=True, return_counts=True)
    wrong = np.bincount(owner, weights=~right_n, minlength=len(values)) / counts
    expected = wrong[np.sort(owner)]
    risks: NDArray[np.float64] = np.cumsum(expected) / np.arange(1, len(confidence_n) + 1)
    return risks
