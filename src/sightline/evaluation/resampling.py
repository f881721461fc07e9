"""Which samples count as independent, and new samples drawn from the one that there is."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.intervals import Floats, wilson_bounds
from sightline.records import LEVEL, Estimate, IntervalMethod

RESAMPLES = 1000
ALONE = "Every picture counts as independent: none is known to show the same thing as another."
_WEIGHT_VALUES = 1 << 22
_BISECTIONS = 20
_FEW_UNITS = 20
_LARGEST_SCALE = 64.0


@dataclass(frozen=True, eq=False)
class Sampling:
    """What one observation is: a picture, or a group of pictures that show the same thing.

    units
        int64 `[N]`: the number of the unit of each row, from 0 without gaps. None: every row is one by itself.
    said
        Why, in a sentence, for the report.
    resamples, seed
        Of the bootstrap.
    """

    units: NDArray[np.int64] | None = None
    said: str = ALONE
    resamples: int = RESAMPLES
    seed: int = 0

    @classmethod
    def of_groups(cls, groups_n: NDArray[np.int64] | None, resamples: int = RESAMPLES) -> Self:
        """Rows of the same number, int64 `[N]`, are one unit; None, or all different: every row stands alone."""
        if groups_n is None or len(groups_n) == 0:
            return cls(resamples=resamples)
        values, units = np.unique(groups_n, return_inverse=True)
        if len(values) == len(groups_n):
            return cls(resamples=resamples)
        said = (
            f"The {len(groups_n):,} pictures form {len(values):,} independent groups (same group, same content or "
            "near copies); whole groups are resampled, as pictures of one group are right or wrong together."
        )
        if len(values) < _FEW_UNITS:
            said += f" Intervals over fewer than {_FEW_UNITS} groups are likely too narrow."
        return cls(units.astype(np.int64), said, resamples)

    @property
    def grouped(self) -> bool:
        """Whether any unit has several rows."""
        return self.units is not None

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Rows of each unit, int64 `[U]`; only with groups."""
        assert self.units is not None
        return np.bincount(self.units).astype(np.int64)

    def count(self, rows: int) -> int:
        """How many units there are among all `rows`."""
        return rows if self.units is None else len(self.sizes)

    def sums(self, values_n: Floats) -> Floats:
        """Sums of a value a row over each unit: float64 `[U]`."""
        return values_n if self.units is None else weighted_counts(self.units, values_n, len(self.sizes))

    def weights(self, rows: int) -> Iterator[Floats]:
        """How often each unit was drawn, float64 `[b, U]`, a block of resamples at a time.

        Each resample draws U of the U units with replacement (Efron 1979; whole groups: Davison & Hinkley 1997,
        section 3.8). The same rows, resamples and seed give the same draws: figures of two engines are then paired.
        """
        units = self.count(rows)
        rng = np.random.default_rng(self.seed)
        at_once = max(1, min(self.resamples, _WEIGHT_VALUES // max(1, units)))
        for start in range(0, self.resamples, at_once):
            block = min(at_once, self.resamples - start)
            drawn = rng.integers(0, units, (block, units), dtype=np.int32 if units < 1 << 31 else np.int64)
            yield np.stack([np.bincount(one, minlength=units) for one in drawn]).astype(np.float64)

    def few_weights(self, rows: int, resamples: int) -> NDArray[np.uint8]:
        """Weights as above of at most so many resamples at once, uint8 `[B, U]`."""
        few = replace(self, resamples=min(self.resamples, resamples))
        return np.concatenate([block.astype(np.uint8) for block in few.weights(rows)])

    def rows_to_units(self, block: slice) -> slice | NDArray[np.int64]:
        """What picks the weights of a block of rows from those of the units."""
        return block if self.units is None else self.units[block]

    def of_rows(self, weights_u: Floats) -> Floats:
        """The weight of each row, float64 `[N]`, from those of the units."""
        return weights_u if self.units is None else weights_u[self.units]


def weighted_counts(codes_n: NDArray[np.int64], weights_n: Floats, length: int) -> Floats:
    """The sum of the weights of each code from 0 on, float64 `[length]`."""
    sums: Floats = np.bincount(codes_n, weights_n, length).astype(np.float64, copy=False)
    return sums


def percentile_bounds(resampled: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    """The middle `level` of resampled values, float64 `[B, ...]`, along the first axis; NaN is left out."""
    tail = 100 * (1 - level) / 2
    low, high = np.nanpercentile(resampled, [tail, 100 - tail], axis=0)
    return low, high


def bootstrap_estimate(
    value: float, resampled_b: Floats, units: int, *, share: bool = True, level: float = LEVEL
) -> Estimate | None:
    """The percentile interval of a figure, from its values over the resamples; None if none has a value.

    Where the figure is a share at an end, all resamples agree and the bootstrap has nothing to say: Wilson's
    interval over the units, the independent observations that the figure rests on, stands in.
    """
    known = resampled_b[~np.isnan(resampled_b)]
    if not len(known) or units == 0:
        return None
    low, high = (float(bound) for bound in percentile_bounds(known, level))
    if share and high - low < 1e-12:
        bounds = wilson_bounds(np.array([value]), np.array([float(units)]), level)
        return _estimate(value, float(bounds[0][0]), float(bounds[1][0]), "wilson", level)
    return _estimate(value, min(low, value), max(high, value), "bootstrap", level)


def gap_estimate(gaps_k: Floats, drawn_bk: Floats, level: float = LEVEL) -> Estimate:
    """Interval of Σ |gap| over bins, such as a calibration error, where noise alone makes every gap larger than 0.

    gaps_k, drawn_bk
        The signed gaps, float64 `[K]`, and those of the resamples, `[B, K]`.

    By inverting tests (Carpenter 1999, Test inversion bootstrap confidence intervals): the interval holds every λ Σ
    |gap|, λ ≥ 0, for which true gaps λ times as large as those seen, with the noise of the resamples, would give a
    sum like the one seen. A percentile interval would lie above the truth: of a calibrated model it never holds 0.
    """
    noise, seen = drawn_bk - gaps_k, float(np.abs(gaps_k).sum())
    tail = (1 - level) / 2

    def quantile(scale: float, share: float) -> float:
        return float(np.quantile(np.abs(scale * gaps_k + noise).sum(axis=1), share))

    def crossing(share: float, upper: float) -> float:
        lower = 0.0
        for _ in range(_BISECTIONS):
            middle = (lower + upper) / 2
            lower, upper = (lower, middle) if quantile(middle, share) >= seen else (middle, upper)
        return upper

    low = 0.0 if quantile(0.0, 1 - tail) >= seen else crossing(1 - tail, 1.0) * seen
    most = 1.0
    while quantile(most, tail) < seen and most < _LARGEST_SCALE:
        most *= 2
    high = crossing(tail, most) * seen if quantile(0.0, tail) < seen else seen
    return _estimate(seen, low, max(low, high), "test_inversion", level)


def _estimate(value: float, low: float, high: float, method: IntervalMethod, level: float) -> Estimate:
    return Estimate(value=value, low=low, high=high, method=method, level=level)
