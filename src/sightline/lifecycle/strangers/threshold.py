"""A threshold that keeps its promise on pictures that nobody has seen, and what is to be said of it."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from sightline.records import Scores

_LEVEL = 0.95


@dataclass(frozen=True)
class HeldOut:
    """Scores of pictures of the usual kind that nothing was fitted on; `groups`: how many things they show."""

    scores: Scores
    groups: int
    split: Literal["calibration", "val"]


@dataclass(frozen=True)
class Promise:
    """What `count` held-out scores promise of the threshold at their rank, counted from 1 in ascending order.

    A further score is as likely to fall into any of the count + 1 gaps between them, so that it lies above the
    threshold with a chance of at most `rate`, over the draw of all (Vovk, Gammerman & Shafer 2005, Algorithmic
    learning in a random world). For one draw the rate is beta distributed (Vovk 2012, Conditional validity of
    inductive conformal predictors): `interval`.
    """

    rank: int
    count: int

    @property
    def rate(self) -> float:
        """The chance that a further score is above the threshold."""
        return (self.count + 1 - self.rank) / (self.count + 1)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the rate of this very threshold lies, 95 times of 100."""
        above = self.count + 1 - self.rank
        low, high = beta.ppf([(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], above, self.rank).tolist()
        return low, high

    def threshold(self, scores_n: NDArray[np.float64]) -> float:
        """The score of that rank among float64 `[count]`."""
        assert len(scores_n) == self.count
        return float(np.sort(scores_n)[self.rank - 1])


def promise(count: int, false_alarm_rate: float) -> Promise:
    """The rank ⌈(n + 1) (1 − α)⌉ of n ≥ 1 scores, or the last where n is too small for α."""
    assert count >= 1
    # A product of decimals such as 100 × 0.99 may end a little above the whole number that it is.
    return Promise(min(count, math.ceil((count + 1) * (1 - false_alarm_rate) - 1e-9)), count)


def least_count(false_alarm_rate: float) -> int:
    """How many held-out scores can promise such a rate."""
    return math.ceil(1 / false_alarm_rate - 1e-9) - 1
