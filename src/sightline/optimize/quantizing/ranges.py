"""From the spread of a tensor's values to the range that its 256 levels cover."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sightline.optimize.quantizing.histograms import BINS, Histogram

Range = tuple[float, float]

_LEVELS = 256
_SHARES = np.linspace(0.05, 1.0, 96)


def minmax(found: Histogram) -> Range:
    """All that was seen."""
    return found.low, found.high


def percentile(found: Histogram, kept: float) -> Range:
    """Leave out the outermost values, half of them on each side, so that `kept` per cent remain."""
    order = np.cumsum(_with_zeros(found))
    cut = (1 - kept / 100) / 2 * order[-1]
    width = (found.high - found.low) / BINS
    left = int(np.searchsorted(order, cut, side="right"))
    right = int(np.searchsorted(order, order[-1] - cut, side="left"))
    return found.low + width * min(left, BINS - 1), found.low + width * (right + 1)


def least_squares(found: Histogram) -> Range:
    """The range of the least mean squared error: rounding, which is step²/12, and what is clipped at both ends.

    Each end is tried at 96 shares of the furthest value, ends of both signs in all pairs. Zeros have no error.
    """
    lows = min(found.low, 0.0) * (_SHARES if found.low < 0 else np.ones(1))
    highs = max(found.high, 0.0) * (_SHARES if found.high > 0 else np.ones(1))
    total = found.counts.sum()
    below, above = (_clipped(found, ends, sign) for ends, sign in ((lows, -1), (highs, 1)))
    inside = total - below[0][:, None] - above[0][None, :]
    steps = (highs[None, :] - lows[:, None]) / (_LEVELS - 1)
    errors = steps**2 / 12 * inside + below[1][:, None] + above[1][None, :]
    row, column = np.unravel_index(np.argmin(errors), errors.shape)
    return float(lows[row]), float(highs[column])


def entropy(found: Histogram) -> Range:
    """The range whose quantised spread is nearest to the real one by Kullback-Leibler divergence (Migacz 2017).

    Tried are 96 shares of the furthest value from zero, the same for both ends.
    """
    furthest = max(-found.low, found.high)
    centres = found.centres
    ranges = [(max(found.low, -share * furthest), min(found.high, share * furthest)) for share in _SHARES]
    kept = [(centres >= low) & (centres <= high) for low, high in ranges]
    losses = [_divergence(found.counts, one) if one.any() else np.inf for one in kept]
    return ranges[int(np.argmin(losses))]


METHODS: dict[str, Callable[[Histogram], Range]] = {
    "minmax": minmax,
    "percentile-99.99": lambda found: percentile(found, 99.99),
    "percentile-99.9": lambda found: percentile(found, 99.9),
    "entropy": entropy,
    "mse": least_squares,
}
"""Ways to a range, by the name that a report gives them."""


def _with_zeros(found: Histogram) -> NDArray[np.int64]:
    counts = found.counts.copy()
    if found.zeros:
        share = -found.low / (found.high - found.low) if found.high > found.low else 0.0
        counts[int(np.clip(share * BINS, 0, BINS - 1))] += found.zeros
    return counts


def _clipped(
    found: Histogram, ends: NDArray[np.float64], sign: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each end how many values lie beyond it, and the sum of their squared distances from it."""
    values, counts = (sign * found.centres)[::sign], found.counts[::sign].astype(np.float64)
    # Sums from each bin to the outermost one, and 0 beyond.
    number, first, second = (
        np.append(np.cumsum((counts * values**power)[::-1])[::-1], 0.0) for power in range(3)
    )
    limits = sign * ends
    at = np.searchsorted(values, limits, side="right")
    return number[at], second[at] - 2 * limits * first[at] + limits**2 * number[at]


def _divergence(counts: NDArray[np.int64], kept: NDArray[np.bool_]) -> float:
    own = counts[kept].astype(np.float64)
    starts = np.unique(np.arange(_LEVELS) * len(own) // _LEVELS)
    filled = own > 0
    level_of = np.searchsorted(starts, np.arange(len(own)), side="right") - 1
    per_bin = np.add.reduceat(own, starts) / np.maximum(np.add.reduceat(filled.astype(np.float64), starts), 1)
    quantised = np.where(filled, per_bin[level_of], 0.0)
    first = int(np.argmax(kept))
    own[0] += counts[:first].sum()
    own[-1] += counts[first + len(own) :].sum()
    if not quantised.sum():
        return np.inf
    p, q = own / own.sum(), quantised / quantised.sum()
    # What the quantised spread has no room for counts as if it had a millionth there.
    return float(np.sum(p[p > 0] * np.log(p[p > 0] / np.maximum(q[p > 0], 1e-6))))
