"""What counts on a calibration split promise of fresh images: exact binomial bounds, order statistics, predictions."""

import math

import numpy as np
from numpy.typing import NDArray

from sightline.extras import require
from sightline.records import Estimate

CONFIDENCE = 0.95


def most_lost(count: int, share: float, confidence: float = CONFIDENCE) -> int:
    """How many of `count` a threshold may lose so that it loses at most `share` of fresh ones; −1: not even none.

    With the threshold at the value number j + 1 from below, the share of fresh values below it is Beta(j + 1,
    count − j) distributed, whatever the values' own distribution (Wilks 1941, Determination of sample sizes for setting
    tolerance limits). It is at most `share` with probability P(Binomial(count, share) > j): the largest j for which
    that is at least `confidence`.
    """
    binomial = require("scipy.stats").binom
    # binom.ppf(q) is the smallest k with cdf(k) ≥ q: below it the cdf is under 1 − confidence.
    smallest = int(binomial.ppf(1.0 - confidence, count, share)) if count else 0
    return smallest if binomial.cdf(smallest, count, share) <= 1.0 - confidence else smallest - 1


def needed_for(share: float, confidence: float = CONFIDENCE) -> int:
    """How many must all be found before so small a loss can be promised: ln(1 − confidence) / ln(1 − share)."""
    return math.ceil(math.log(1.0 - confidence) / math.log1p(-share)) if 0.0 < share < 1.0 else 0


def lower_bound(hits: float, count: float, confidence: float = CONFIDENCE) -> float:
    """The one-sided exact lower bound of a rate (Clopper and Pearson 1934), also of effective counts; 0 for no hit."""
    if hits <= 0.0:
        return 0.0
    return float(require("scipy.stats").beta.ppf(1.0 - confidence, hits, count - hits + 1.0))


def effective_count(right_n: NDArray[np.bool_], groups_n: NDArray[np.int64]) -> float:
    """How many independent images tell as much about a rate as these, which come in groups (Kish 1965).

    N / deff, where deff is the variance of the mean by groups over that of independent images, at least 1. Where
    every image agrees, the variance cannot be seen and the number of groups is the answer.
    """
    count, present = len(right_n), len(np.unique(groups_n))
    if present == count or count == 0:
        return float(count)
    rate = float(right_n.mean())
    if rate in (0.0, 1.0) or present < 2:
        return float(present)
    sums = np.bincount(groups_n, weights=right_n - rate)
    by_group = present / (present - 1) * float((sums**2).sum()) / count**2
    return count / max(1.0, by_group * count / (rate * (1.0 - rate)))


def predicted_share(
    right_n: NDArray[np.bool_],
    groups_n: NDArray[np.int64] | None = None,
    fresh: int | None = None,
    level: float = CONFIDENCE,
) -> Estimate | None:
    """The share that is true, and what share a fresh set will show; None of no images.

    The interval is that of a beta-binomial: the rate is Beta(k + ½, n − k + ½) after k of n (Jeffreys' prior), and of
    the fresh images a binomial number is true. It holds what such a set shows in at least `level` of the cases, and
    more where counts are small, for they are whole numbers.

    fresh
        How many fresh images there will be; None: as many as here.
    """
    count = len(right_n)
    if count == 0 or fresh == 0:
        return None
    groups = np.arange(count) if groups_n is None else groups_n
    told = effective_count(right_n, groups)
    rate = float(right_n.mean())
    # Fresh images come in groups as these do: fewer of them count, too.
    coming = max(1, round((count if fresh is None else fresh) * told / count))
    law = require("scipy.stats").betabinom(coming, rate * told + 0.5, (1.0 - rate) * told + 0.5)
    low, high = law.ppf((1.0 - level) / 2) / coming, law.ppf((1.0 + level) / 2) / coming
    return Estimate(
        value=rate,
        low=float(min(low, rate)),
        high=float(max(high, rate)),
        method="beta_binomial",
        level=level,
    )
