"""Whether an answer given with 0.9 is right nine times in ten."""

import numpy as np
from numpy.typing import NDArray

from sightline.records import Frozen

_BIN_COUNT = 15


class ReliabilityBin(Frozen):
    """The answers whose confidence lies in (`low`, `high`]; the means are None where there are none."""

    low: float
    high: float
    count: int
    mean_confidence: float | None
    accuracy: float | None


def reliability_bins(
    confidence_n: NDArray[np.float64], right_n: NDArray[np.bool_]
) -> tuple[ReliabilityBin, ...]:
    """Fifteen bins of equal width over the confidence of the predicted class, in [0, 1].

    These are the bars of a reliability diagram (Guo et al. 2017, On calibration of modern neural networks).
    """
    edges = np.linspace(0.0, 1.0, _BIN_COUNT + 1)
    bins = np.clip(np.searchsorted(edges, confidence_n, side="left") - 1, 0, _BIN_COUNT - 1)
    counts = np.bincount(bins, minlength=_BIN_COUNT)
    confidences = np.bincount(bins, weights=confidence_n, minlength=_BIN_COUNT)
    rights = np.bincount(bins, weights=right_n, minlength=_BIN_COUNT)
    return tuple(
        ReliabilityBin(
            low=float(edges[index]),
            high=float(edges[index + 1]),
            count=int(count),
            mean_confidence=float(confidences[index] / count) if count else None,
            accuracy=float(rights[index] / count) if count else None,
        )
        for index, count in enumerate(counts)
    )


def expected_calibration_error(bins: tuple[ReliabilityBin, ...]) -> float:
    """Mean of |accuracy − confidence| over the bins, weighted by their counts; in [0, 1], 0 at best.

    Naeini et al. 2015, Obtaining well calibrated probabilities using Bayesian binning; in the top-label form
    of Guo et al. 2017. It is biased upwards for small samples: compare it at equal counts only.
    """
    total = sum(one.count for one in bins)
    gaps = (
        one.count * abs(one.accuracy - one.mean_confidence)
        for one in bins
        if one.accuracy is not None and one.mean_confidence is not None
    )
    return sum(gaps) / total
