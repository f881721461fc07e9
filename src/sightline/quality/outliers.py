"""What stands out in a set: against fixed limits, and against the set itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_SET = 30
"""Below so many pictures a set does not say what is usual."""
MAX_SCORE = 5.0
"""Modified z-scores beyond this stand out; Iglewicz & Hoaglin (1993) call 3.5 a candidate."""
COMMON = 0.2
"""What this share of the set has is how the set is, not what is odd about a picture."""
_MAD_TO_SIGMA = 0.6745

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Standout:
    """Which rows stand out.

    rows
        int64 `[K]`: those to look at, the furthest out first.
    unlisted
        Rows beyond a fixed limit that are too many to be odd.
    score
        float64 `[N]`: the modified z-score of every row, signed.
    """

    rows: NDArray[np.int64]
    unlisted: int
    score: Floats


def modified_z_scores(values: Floats, least_spread: float) -> Floats:
    """How far each value lies from the median, in robust standard deviations: float64 `[N]`.

    0.6745 (x - median) / MAD, see Iglewicz & Hoaglin, How to Detect and Handle Outliers, 1993. `least_spread`
    is the smallest MAD taken: in a set of pictures all alike, small differences are not odd.
    """
    if not len(values):
        return values
    apart = values - np.median(values)
    spread = max(float(np.median(np.abs(apart))), least_spread)
    scores: Floats = _MAD_TO_SIGMA * apart / spread
    return scores


def stand_out(scaled: Floats, beyond: NDArray[np.bool_], tail: str, least_spread: float) -> Standout:
    """Rows `beyond` a fixed limit, and rows far out in the `tail` (`low`, `high` or `both`) of `scaled`.

    Either is passed over where it holds for more than `COMMON` of the set: a set that is dark throughout has no
    dark pictures, and one with two kinds of picture no odd ones.
    """
    score = modified_z_scores(scaled, least_spread)
    side = {"low": -score, "high": score, "both": np.abs(score)}[tail]
    relative = side > MAX_SCORE if len(scaled) >= MIN_SET else np.zeros(len(scaled), bool)
    most = COMMON * len(scaled)
    absolute_is_common = len(scaled) >= MIN_SET and np.count_nonzero(beyond) > most
    relative = relative if np.count_nonzero(relative) <= most else np.zeros(len(scaled), bool)
    listed = relative if absolute_is_common else relative | beyond
    rows = np.flatnonzero(listed)
    unlisted = int(np.count_nonzero(beyond & ~listed))
    return Standout(rows[np.argsort(-side[rows], kind="stable")], unlisted, score)
