"""Whether one engine is right more often than another on the same samples, or only happened to be."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.intervals import normal_quantile
from sightline.records import LEVEL, Estimate

_MOST_EXACT = 20_000


def paired_p_value(differences_u: NDArray[np.int64]) -> float:
    """Two-sided p-value that neither of two engines is right more often, in (0, 1].

    differences_u
        int64 `[U]`, for each independent unit: rows that only the first has right, less those that only the second
        has. With single pictures these are 1, 0 and −1, and the test is McNemar's in its exact form, the binomial
        one (McNemar 1947; Edwards 1948). With groups it is its permutation form: under the hypothesis each unit's
        difference might as well have the other sign (Pesarin 2001, Multivariate permutation tests), which no
        dependence within units disturbs. The distribution is exact up to 20,000 discordant rows, normal beyond.
    """
    sizes = np.abs(differences_u[differences_u != 0])
    observed = abs(int(differences_u.sum()))
    total = int(sizes.sum())
    if total == 0 or observed == 0:
        return 1.0
    if total > _MOST_EXACT:
        return 2 * NormalDist().cdf(-observed / math.sqrt(float(np.square(sizes).sum())))
    # Of the sum of all signed sizes; entry k stands for the sum 2k − total.
    chances = np.ones(1)
    for size, count in zip(*np.unique(sizes, return_counts=True), strict=True):
        spread = np.zeros(int(size) * int(count) + 1)
        spread[:: int(size)] = _fair_coins(int(count))
        chances = np.convolve(chances, spread)
    sums = 2 * np.arange(total + 1) - total
    return min(1.0, float(chances[np.abs(sums) >= observed].sum()))


def _fair_coins(count: int) -> NDArray[np.float64]:
    """The chance of each number of heads among so many fair coins, float64 `[count + 1]`."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, count + 1)))])
    heads = np.arange(count + 1)
    chances: NDArray[np.float64] = np.exp(
        logs[count] - logs[heads] - logs[count - heads] - count * math.log(2)
    )
    return chances


def paired_difference(first_only: int, second_only: int, units: int, level: float = LEVEL) -> Estimate | None:
    """Interval of a difference of two shares of the same independent samples; None where there is none.

    The adjusted Wald interval of Bonett & Price (2012, Adjusted Wald confidence interval for a difference of
    binomial proportions based on paired data): one sample is added to each kind of discordance, so that it says
    something where the two never part.
    """
    if units == 0:
        return None
    one, other = (first_only + 1) / (units + 2), (second_only + 1) / (units + 2)
    half = normal_quantile(level) * math.sqrt((one + other - (one - other) ** 2) / (units + 2))
    value = (first_only - second_only) / units
    low, high = max(-1.0, one - other - half), min(1.0, one - other + half)
    return Estimate(
        value=value, low=min(low, value), high=max(high, value), method="adjusted_wald", level=level
    )
