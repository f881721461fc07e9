"""How far a mean of few trainings, a mean over folds, and a share of pictures can be trusted."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

CONFIDENCE = 0.95
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`: what holds the true value in 95 % of cases."""

    low: float
    high: float


def mean_interval(values: Sequence[float]) -> Interval | None:
    """Student's t interval of the mean of independent values; of paired differences it is the paired t interval.

    None: there are fewer than two values, or all are equal, which says nothing of how far they spread.
    """
    return _t_interval(values, 1 / max(1, len(values)))


def fold_interval(values: Sequence[float], held_out_share: float) -> Interval | None:
    """t interval of the mean over folds, its variance corrected for the training pictures that folds share.

    Plain t intervals are too narrow here: no unbiased estimate of the variance exists (Bengio & Grandvalet 2004,
    No unbiased estimator of the variance of k-fold cross-validation). The correction is that of Nadeau & Bengio
    (2003, Inference for the generalization error): (1/k + n_held_out / n_learnt) s² in place of s²/k.
    `held_out_share` is n_held_out / (n_held_out + n_learnt), 1/k for k equal folds.
    """
    ratio = held_out_share / (1 - held_out_share)
    return _t_interval(values, 1 / max(1, len(values)) + ratio)


def share_interval(part: int, whole: int) -> Interval | None:
    """Wilson's score interval of a share (Wilson 1927); None for a share of nothing."""
    if whole == 0:
        return None
    found = stats.binomtest(part, whole).proportion_ci(confidence_level=CONFIDENCE, method="wilson")
    return Interval(float(found.low), float(found.high))


def half_width_in_sd(count: int) -> float:
    """Half the width of `mean_interval` of `count` values, 2 or more, in their standard deviations: t / √n."""
    return _t(count) / math.sqrt(count)


def _t_interval(values: Sequence[float], variance_factor: float) -> Interval | None:
    if len(values) < 2:
        return None
    mean, deviation = statistics.fmean(values), statistics.stdev(values)
    if deviation < _ROUNDING:
        return None
    half = _t(len(values)) * deviation * math.sqrt(variance_factor)
    return Interval(mean - half, mean + half)


def _t(count: int) -> float:
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1))
