"""Whether a part is worse than the rest by more than chance, also when many parts were looked at."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.intervals import Floats
from sightline.evaluation.resampling import Sampling


@dataclass(frozen=True)
class Share:
    """A share of right answers.

    right, count
        Pictures.
    units
        Independent groups among them.
    design_effect
        How many pictures say as much as one independent one, 1 or more.
    """

    right: int
    count: int
    units: int
    design_effect: float


def measure_share(right_n: NDArray[np.bool_], rows: NDArray[np.int64], sampling: Sampling) -> Share:
    """The share of right answers among some rows, int64 indices, at least one.

    The design effect is n v / (p (1 − p)), with v the variance of the ratio estimator over the groups (Rao & Scott
    1992, A simple method for the analysis of clustered binary data). Where all answers are right, or all wrong, it
    cannot be seen, and pictures of one group are taken to say no more than one.
    """
    right, count = int(right_n[rows].sum()), len(rows)
    if sampling.units is None:
        return Share(right, count, count, 1.0)
    units = sampling.units[rows]
    sizes = np.bincount(units, minlength=len(sampling.sizes))
    groups, share = int(np.count_nonzero(sizes)), right / count
    if share in (0.0, 1.0) or groups < 2:
        return Share(right, count, groups, count / groups)
    residuals = np.bincount(units, right_n[rows], len(sizes)) - share * sizes
    variance = groups / (groups - 1) * float(np.square(residuals).sum()) / count**2
    return Share(right, count, groups, max(1.0, count * variance / (share * (1 - share))))


def chance_of_less(part: Share, rest: Share) -> float:
    """One-sided p-value that the part is right as often as the rest, against less often; in (0, 1].

    Fisher's exact test; with groups on counts divided by the design effects, as Rao & Scott (1992) adjust them.
    """
    counts = [
        (round(one.right / one.design_effect), max(1, round(one.count / one.design_effect)))
        for one in (part, rest)
    ]
    return fisher_less(*counts[0], *counts[1])


def fisher_less(right: int, count: int, rest_right: int, rest_count: int) -> float:
    """P(X ≤ right) where X is hypergeometric: Fisher's exact test, one-sided (Fisher 1922).

    Of `count` + `rest_count` pictures as many are right as were; X of them fall among the `count` by chance.
    """
    total, all_right = count + rest_count, right + rest_right
    logs = _log_factorials(total)
    least = max(0, all_right - rest_count)
    values = np.arange(least, right + 1)

    def choose(whole: int, part: NDArray[np.int64]) -> Floats:
        ways: Floats = logs[whole] - logs[part] - logs[whole - part]
        return ways

    everything = choose(total, np.array([all_right]))
    chances = np.exp(choose(count, values) + choose(rest_count, all_right - values) - everything)
    return float(min(1.0, chances.sum()))


@lru_cache(maxsize=1)
def _log_factorials(count: int) -> Floats:
    """log k! for k from 0 to `count`."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, count + 1)))])


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Adjusted p-values, float64 `[M]`: of those at most q, a share of q at most is expected to be chance.

    min over k ≥ rank of p_(k) M / k (Benjamini & Hochberg 1995, Controlling the false discovery rate).
    """
    count = len(p_values)
    order = np.argsort(p_values)[::-1]
    scaled = p_values[order] * count / np.arange(count, 0, -1)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return adjusted
