"""The worst parts of the data, ranked by how far below the rest they are."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.intervals import wilson, wilson_of_variance
from sightline.evaluation.resampling import Sampling
from sightline.evaluation.slices.cutting import Part, cut
from sightline.evaluation.slices.significance import (
    Share,
    benjamini_hochberg,
    chance_of_less,
    measure_share,
)
from sightline.records import Column, Estimate, Frozen, Scores

FEWEST_PICTURES = 20
FEWEST_UNITS = 5
FALSE_DISCOVERIES = 0.05
MOST_LISTED = 100


class Slice(Frozen):
    """The pictures with one value of a column, against all others.

    accuracy
        Share of right answers among them; with several labels a picture, of pictures with all labels right.
    rest_accuracy, gap
        That of the others, and how far below it this one is; a gap below 0 is better than the rest.
    p_value
        One-sided, of Fisher's exact test against the rest, see `chance_of_less`.
    q_value
        The same after Benjamini and Hochberg over all slices that were tried.
    worse
        Whether it is worse than the rest by more than chance: q at most 0.05.
    """

    column: str
    value: str
    count: int
    units: int
    accuracy: Estimate
    rest_accuracy: float
    gap: float
    p_value: float
    q_value: float
    worse: bool


class SliceFindings(Frozen):
    """What was found among all slices.

    tried, too_small
        Slices that were tested, and that were left out as having fewer than `fewest` pictures or five groups, or
        all but so few.
    false_discoveries
        The share of those called worse that may be so by chance.
    slices
        At most 100: those that are worse by more than chance, the largest gap first, then the others likewise.
    """

    tried: int
    too_small: int
    fewest: int
    false_discoveries: float
    slices: tuple[Slice, ...]

    @property
    def worse(self) -> tuple[Slice, ...]:
        """Those that are worse than the rest by more than chance, the largest gap first."""
        return tuple(one for one in self.slices if one.worse)


def find_slices(
    scores: Scores,
    right_n: NDArray[np.bool_],
    columns: Mapping[str, Column],
    sampling: Sampling,
    *,
    fewest: int = FEWEST_PICTURES,
) -> SliceFindings:
    """Test every value of every column, and every label, against the rest.

    right_n
        bool `[N]`: which answers are right.
    """
    tested: list[tuple[Part, Share, Share, float]] = []
    too_small = 0
    for part in cut(scores, columns):
        others = np.ones(len(right_n), np.bool_)
        others[part.rows] = False
        rest = np.flatnonzero(others)
        if min(len(part.rows), len(rest)) < fewest:
            too_small += 1
            continue
        own, other = (measure_share(right_n, rows, sampling) for rows in (part.rows, rest))
        if min(own.units, other.units) < FEWEST_UNITS:
            too_small += 1
            continue
        tested.append((part, own, other, chance_of_less(own, other)))
    adjusted = benjamini_hochberg(np.array([p for *_, p in tested]))
    found = [_slice(*one, float(q)) for one, q in zip(tested, adjusted, strict=True)]
    ranked = sorted(found, key=lambda one: (not one.worse, -one.gap))
    return SliceFindings(
        tried=len(tested),
        too_small=too_small,
        fewest=fewest,
        false_discoveries=FALSE_DISCOVERIES,
        slices=tuple(ranked[:MOST_LISTED]),
    )


def _slice(part: Part, own: Share, rest: Share, p_value: float, q_value: float) -> Slice:
    accuracy, others = own.right / own.count, rest.right / rest.count
    return Slice(
        column=part.column,
        value=part.value,
        count=own.count,
        units=own.units,
        accuracy=_interval(own),
        rest_accuracy=others,
        gap=others - accuracy,
        p_value=p_value,
        q_value=q_value,
        worse=q_value <= FALSE_DISCOVERIES,
    )


def _interval(share: Share) -> Estimate:
    if share.design_effect == 1.0:
        plain = wilson(share.right, share.count)
        assert plain is not None
        return plain
    value = share.right / share.count
    return wilson_of_variance(value, value * (1 - value) * share.design_effect / share.count, share.units)
