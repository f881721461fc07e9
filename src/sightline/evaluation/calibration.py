"""Whether an answer given with 0.9 is right nine times in ten."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.intervals import wilson
from sightline.records import Estimate, Frozen

BIN_COUNT = 15


class ReliabilityBin(Frozen):
    """The answers whose confidence lies in (`low`, `high`]; the means are None where there are none.

    `interval` is that of the accuracy; None, too, where intervals were not asked for.
    """

    low: float
    high: float
    count: int
    mean_confidence: float | None
    accuracy: float | None
    interval: Estimate | None = None


class ReliabilitySums:
    """Answers sorted into fifteen bins of equal width, added up a block at a time."""

    def __init__(self) -> None:
        self._edges = np.linspace(0.0, 1.0, BIN_COUNT + 1)
        self._sums = np.zeros((3, BIN_COUNT))

    def add(self, confidence_n: NDArray[np.float64], right_n: NDArray[np.bool_]) -> None:
        """Count answers with their confidence, in [0, 1], and whether each was right."""
        bins = confidence_bins(confidence_n)
        for row, weights in enumerate((None, confidence_n, right_n)):
            self._sums[row] += np.bincount(bins, weights=weights, minlength=BIN_COUNT)

    def bins(self) -> tuple[ReliabilityBin, ...]:
        """What has been counted so far."""
        return tuple(
            ReliabilityBin(
                low=float(self._edges[index]),
                high=float(self._edges[index + 1]),
                count=int(count),
                mean_confidence=float(confidence / count) if count else None,
                accuracy=float(right / count) if count else None,
            )
            for index, (count, confidence, right) in enumerate(self._sums.T)
        )


def reliability_bins(
    confidence_n: NDArray[np.float64], right_n: NDArray[np.bool_]
) -> tuple[ReliabilityBin, ...]:
    """Fifteen bins of equal width over the confidence of the predicted class, in [0, 1].

    These are the bars of a reliability diagram (Guo et al. 2017, On calibration of modern neural networks).
    """
    sums = ReliabilitySums()
    sums.add(confidence_n, right_n)
    return sums.bins()


def with_wilson(bins: tuple[ReliabilityBin, ...]) -> tuple[ReliabilityBin, ...]:
    """The bins with Wilson's interval of their accuracy, for answers that are independent of one another."""
    return tuple(
        one.model_copy(update={"interval": wilson(round((one.accuracy or 0.0) * one.count), one.count)})
        for one in bins
    )


def confidence_bins(confidence_n: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin that each confidence in [0, 1] falls in, int64 `[N]`."""
    edges = np.linspace(0.0, 1.0, BIN_COUNT + 1)
    return np.clip(np.searchsorted(edges, confidence_n, side="left") - 1, 0, BIN_COUNT - 1)


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
