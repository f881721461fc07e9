"""How well a class's pictures are ranked before the others: average precision and the area under the ROC curve."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.intervals import Floats, wilson_of_variance
from sightline.evaluation.resampling import Sampling
from sightline.parallel import in_order
from sightline.records import Estimate

Values = NDArray[np.float32] | NDArray[np.float64]
Truth = NDArray[np.bool_]
_CURVE_POINTS = 200
_ALL_CURVES_POINTS = 20_000
_WORKERS = 2


class CurvePoint(NamedTuple):
    """A way to hold a class for true from `threshold` on: what is found, and what of that is right, in [0, 1].

    The threshold is a calibrated probability.
    """

    threshold: float
    recall: float
    precision: float


@dataclass(frozen=True)
class RankedClass:
    """One class against the rest; None where there is no picture of it, or for the area no other one.

    cuts
        Values from which on the class is held for true, falling, with recall and precision there.
    """

    average_precision: Estimate | None
    roc_auc: Estimate | None
    cuts: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class Ranking:
    """Every class, and the plain means over those that have a value."""

    classes: tuple[RankedClass, ...]
    map: Estimate | None
    roc_auc: Estimate | None


class _Ranked(NamedTuple):
    """A figure of one class, and the influence of each row on it: float64 `[N]`."""

    value: float
    influence: Floats


def rank_classes(
    column: Callable[[int], tuple[Values, Truth]], classes: int, rows: int, sampling: Sampling
) -> Ranking:
    """Rank all rows by each class's column: its values, and whether a row is of the class.

    Average precision is that of scikit-learn's `average_precision_score`, the area that of `roc_auc_score`, one
    class against the rest (equal values count half; Hanley & McNeil 1982). Variances are those of the
    infinitesimal jackknife (Jaeckel 1972; Efron 1982, chapter 6): the influence of each row, summed over the unit
    that it belongs to, squared and added up. For the area that is DeLong's variance (DeLong, DeLong &
    Clarke-Pearson 1988), with groups Obuchowski's (1997, Nonparametric analysis of clustered ROC curve data).
    """
    points = min(_CURVE_POINTS, max(20, _ALL_CURVES_POINTS // max(1, classes)))
    means = (_Mean(rows), _Mean(rows))
    found: list[RankedClass] = []
    for ranked, cuts, units in in_order(
        lambda index: _rank(*column(index), points, sampling), range(classes), workers=_WORKERS
    ):
        estimates = []
        for one, mean, count in zip(ranked, means, units, strict=True):
            if one is not None:
                mean.add(one)
            estimates.append(None if one is None else _estimate(one, sampling, count, rows))
        found.append(RankedClass(estimates[0], estimates[1], cuts))
    return Ranking(tuple(found), *(mean.estimate(sampling) for mean in means))


class _Mean:
    """The plain mean of figures, and the influence of each row on it."""

    def __init__(self, rows: int) -> None:
        self._values: list[float] = []
        self._influence = np.zeros(rows)

    def add(self, one: _Ranked) -> None:
        self._values.append(one.value)
        self._influence += one.influence

    def estimate(self, sampling: Sampling) -> Estimate | None:
        if not self._values:
            return None
        count, rows = len(self._values), len(self._influence)
        mean = _Ranked(float(np.mean(self._values)), self._influence / count)
        return _estimate(mean, sampling, sampling.count(rows), None)


def _estimate(one: _Ranked, sampling: Sampling, units: int, most: int | None) -> Estimate:
    sums = sampling.sums(one.influence)
    enlarged = len(sums) / max(1, len(sums) - 1)
    # Not `@`: on a busy machine the threads of a dot product wait for one another many times longer than they work.
    return wilson_of_variance(one.value, enlarged * float(np.square(sums).sum()), units, most=most)


def _rank(
    values_n: Values, truth_n: Truth, points: int, sampling: Sampling
) -> tuple[tuple[_Ranked | None, _Ranked | None], tuple[CurvePoint, ...], tuple[int, int]]:
    """Average precision and area of one class, points of its curve, and the units that each rests on."""
    own = np.flatnonzero(truth_n)
    if not len(own):
        return (None, None), (), (0, 0)
    table = _Places.of(values_n, own)
    area = None if len(own) == len(values_n) else _area(table, own)
    units = (len(own), min(len(own), len(values_n) - len(own)))
    if sampling.units is not None:
        own_of, all_of = np.bincount(sampling.units[own], minlength=sampling.count(0)), sampling.sizes
        of_own = int(np.count_nonzero(own_of))
        units = (of_own, min(of_own, int(np.count_nonzero(own_of < all_of))))
    return (_precision(table, own), area), table.curve(points), units


@dataclass(frozen=True, eq=False)
class _Places:
    """Where all rows stand among the P rows of the class, ordered by value.

    values
        `[P]`, ascending.
    below, upto
        int64 `[P]`: rows of the class with a smaller value, and with at most this value.
    place
        int64 `[N]`: rows of the class with at most the value of each row.
    reached
        int64 `[P]`: rows, of whatever class, with at least this value.
    tied
        int64, rows of other classes with a value that a row of the class has, too.
    """

    values: Values
    below: NDArray[np.int64]
    upto: NDArray[np.int64]
    place: NDArray[np.int64]
    reached: NDArray[np.int64]
    tied: NDArray[np.int64]

    @classmethod
    def of(cls, values_n: Values, own: NDArray[np.int64]) -> "_Places":
        values: NDArray[Any] = np.sort(values_n[own])
        below, upto = np.searchsorted(values, values), np.searchsorted(values, values, "right")
        place = np.searchsorted(values, values_n, "right")
        from_place = np.cumsum(np.bincount(place, minlength=len(values) + 1)[::-1])[::-1]
        equal = (place > 0) & (values[np.maximum(place, 1) - 1] == values_n)
        equal[own] = False
        return cls(values, below, upto, place, from_place[upto], np.flatnonzero(equal))

    def curve(self, points: int) -> tuple[CurvePoint, ...]:
        """At most so many cuts, evenly spread over the distinct values of the class, the largest value first."""
        first = np.unique(self.below)[::-1]
        chosen = first[np.unique(np.linspace(0, len(first) - 1, min(points, len(first))).round().astype(int))]
        hits = len(self.values) - chosen
        rows = zip(self.values[chosen], hits / len(self.values), hits / self.reached[chosen], strict=True)
        return tuple(CurvePoint(float(v), float(r), float(p)) for v, r, p in rows)


def _precision(table: _Places, own: NDArray[np.int64]) -> _Ranked:
    """AP = Σ w precision / Σ w over the rows of the class, and its derivative by the weight of each row."""
    count = len(table.values)
    hits = count - table.below
    precision = hits / table.reached
    value = float(precision.mean())
    # A row adds to the precision at every row of the class that it stands before: to `reached`, and to `hits`.
    gain = np.concatenate([[0.0], np.cumsum(1 / table.reached)])
    loss = np.concatenate([[0.0], np.cumsum(hits / table.reached**2.0)])
    influence = (-loss / count)[table.place]
    at = table.place[own]
    influence[own] += (precision[at - 1] - value + gain[at]) / count
    return _Ranked(value, influence)


def _area(table: _Places, own: NDArray[np.int64]) -> _Ranked:
    """The share of pairs of a row of the class and another one that are in order; ties count half."""
    count, rows = len(table.values), len(table.place)
    others = rows - count
    ties = np.zeros(count + 1)
    ties[table.upto] = table.upto - table.below
    tied = np.bincount(table.place[table.tied], minlength=count + 1)[table.upto]
    before = (rows - table.reached - table.below + tied / 2) / others
    value = float(before.mean())
    influence = (((count - np.arange(count + 1)) / count - value) / others)[table.place]
    influence[table.tied] += ties[table.place[table.tied]] / (2 * count * others)
    influence[own] = (before[table.place[own] - 1] - value) / count
    return _Ranked(value, influence)


def with_thresholds(cuts: Sequence[CurvePoint], thresholds: Sequence[float]) -> tuple[CurvePoint, ...]:
    """The same points with other thresholds, all to four digits: a curve is drawn, not computed with."""
    return tuple(
        CurvePoint(*(float(f"{number:.4g}") for number in (threshold, cut.recall, cut.precision)))
        for cut, threshold in zip(cuts, thresholds, strict=True)
    )
