"""How far a share of samples can be trusted, in closed form."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sightline.records import LEVEL, Estimate

Floats = NDArray[np.float64]


def normal_quantile(level: float = LEVEL) -> float:
    """What a normal variable stays within, in standard deviations to both sides: 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + level) / 2)


def wilson(part: int, whole: int, level: float = LEVEL) -> Estimate | None:
    """Wilson's score interval of a share of independent samples (Wilson 1927); None for a share of nothing.

    Unlike value ± 1.96 standard errors it stays within [0, 1] and says something at 0 and at 1, too.
    """
    if whole == 0:
        return None
    low, high = wilson_bounds(np.array([part / whole]), np.array([whole], np.float64), level)
    return Estimate(value=part / whole, low=float(low[0]), high=float(high[0]), method="wilson", level=level)


def wilson_bounds(shares: Floats, counts: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Lower and upper bounds, float64 of any one shape, of shares in [0, 1] of `counts` > 0 samples.

    (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), and the share itself where rounding would leave it outside.
    Counts need not be whole: see `wilson_of_variance`.
    """
    z2 = normal_quantile(level) ** 2
    scale = 1 + z2 / counts
    centre = (shares + z2 / (2 * counts)) / scale
    half = np.sqrt(z2 * (shares * (1 - shares) / counts + z2 / (4 * counts**2))) / scale
    low: Floats = np.clip(np.minimum(centre - half, shares), 0.0, 1.0)
    high: Floats = np.clip(np.maximum(centre + half, shares), 0.0, 1.0)
    return low, high


def wilson_of_variance(
    value: float, variance: float, units: int, level: float = LEVEL, *, most: int | None = None
) -> Estimate:
    """Interval of a figure in [0, 1] whose variance is known: Wilson's at the effective number of samples.

    n* = value (1 − value) / variance is how many independent samples of a plain share would vary as much (Korn &
    Graubard 1998, Confidence intervals for proportions with small expected number of positive counts; with
    Wilson's interval as compared by Dean & Pagano 2015). Where nothing varies, as at exactly 1, `units`
    independent samples are all there is to go by. n* is never above `most`.
    """
    spread = value * (1 - value)
    effective = spread / variance if variance > 0 and spread > 0 else float(units)
    effective = max(1.0, min(effective, float(most if most is not None else math.inf)))
    low, high = wilson_bounds(np.array([value]), np.array([effective]), level)
    return Estimate(value=value, low=float(low[0]), high=float(high[0]), method="jackknife", level=level)


def wilson_f1(right: int, support: int, predicted: int, level: float = LEVEL) -> Estimate | None:
    """Interval of F1 from counts of independent samples; None where the class is neither true nor answered.

    J = right / (support + predicted − right) is a plain share, of the samples that are of the class or were
    answered so; F1 = 2J / (1 + J) grows with it, so that Wilson's interval of J carries over.
    """
    share = wilson(right, support + predicted - right, level)
    if share is None:
        return None
    value, low, high = (2 * one / (1 + one) for one in (share.value, share.low, share.high))
    return Estimate(value=value, low=low, high=high, method="wilson", level=level)
