"""Calibration of every class's probability, not only of the one that is answered."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.calibration import BIN_COUNT
from sightline.evaluation.intervals import Floats
from sightline.evaluation.resampling import Sampling, gap_estimate, weighted_counts
from sightline.records import Estimate

_RESAMPLES = 200
_AT_ONCE = 1 << 22


class ClasswiseGaps:
    """Σ (p − y) of each class and bin of p, added up a block of rows at a time.

    The class-wise (static) calibration error is the mean over the classes of Σ over fifteen bins of |Σ (p − y)| / N
    (Nixon et al. 2019, Measuring calibration in deep learning; Kull et al. 2019, Beyond temperature scaling).
    Nearly all probabilities of many classes lie in the lowest bin: only the others are sorted into bins, and the
    lowest is what remains of the whole.
    """

    def __init__(self, targets_n: NDArray[np.int64], classes: int, sampling: Sampling | None) -> None:
        self._targets = targets_n
        self._classes = classes
        self._sampling = sampling
        self._rows: list[NDArray[np.int64]] = []
        self._cells: list[NDArray[np.int64]] = []
        self._gaps: list[Floats] = []
        self._sums = np.zeros(classes)
        self._drawn: NDArray[np.float32] | None = None
        self._waiting: list[tuple[slice, NDArray[np.float32]]] = []
        if sampling is not None:
            self._weights = sampling.few_weights(len(targets_n), _RESAMPLES)
            self._drawn = np.zeros((len(self._weights), classes), np.float32)

    def add(self, block: slice, probabilities_nc: Floats) -> None:
        """Take the probabilities of a block of rows."""
        rows, columns = np.nonzero(probabilities_nc > 1 / BIN_COUNT)
        high = probabilities_nc[rows, columns]
        bins = np.clip(np.ceil(high * BIN_COUNT).astype(np.int64) - 1, 0, BIN_COUNT - 1)
        self._rows.append(rows + block.start)
        self._cells.append(columns * BIN_COUNT + bins)
        self._gaps.append(high - (columns == self._targets[block][rows]))
        self._sums += probabilities_nc.sum(axis=0)
        if self._drawn is not None:
            self._waiting.append((block, probabilities_nc.astype(np.float32)))
            if sum(one.size for _, one in self._waiting) >= _AT_ONCE:
                self._draw_waiting()

    def _draw_waiting(self) -> None:
        """Σ p of each class in each resample, over rows that lie beside one another: one product of matrices."""
        if self._drawn is None or self._sampling is None or not self._waiting:
            return
        whole = slice(self._waiting[0][0].start, self._waiting[-1][0].stop)
        weights = self._weights[:, self._sampling.rows_to_units(whole)].astype(np.float32)
        self._drawn += weights @ np.concatenate([one for _, one in self._waiting])
        self._waiting.clear()

    def errors(self) -> Floats:
        """The error of each class, float64 `[C]`, in [0, 1]."""
        errors: Floats = np.abs(self._gaps_of_sample()).sum(axis=1) / len(self._targets)
        return errors

    def estimate(self) -> Estimate | None:
        """The mean error over the classes with its interval; None without a sampling."""
        if self._drawn is None or self._sampling is None:
            return None
        self._draw_waiting()
        rows, cells, gaps = (
            np.concatenate(self._rows),
            np.concatenate(self._cells),
            np.concatenate(self._gaps),
        )
        drawn = []
        for weights_u, sums_c in zip(self._weights, self._drawn, strict=True):
            weights = self._sampling.of_rows(weights_u.astype(np.float64))
            net = sums_c - np.bincount(self._targets, weights, self._classes)
            high = weighted_counts(cells, gaps * weights[rows], self._classes * BIN_COUNT)
            drawn.append(self._by_bin(net, high).ravel() / weights.sum())
        seen = self._gaps_of_sample().ravel() / len(self._targets)
        return gap_estimate(seen / self._classes, np.array(drawn) / self._classes)

    def _gaps_of_sample(self) -> Floats:
        cells, gaps = np.concatenate(self._cells), np.concatenate(self._gaps)
        net = self._sums - np.bincount(self._targets, minlength=self._classes)
        return self._by_bin(net, weighted_counts(cells, gaps, self._classes * BIN_COUNT))

    def _by_bin(self, net_c: Floats, high: Floats) -> Floats:
        """Gaps of each class and bin, float64 `[C, 15]`, from the whole of a class and its bins above the lowest."""
        by_bin = high.reshape(self._classes, BIN_COUNT)
        # A probability of just 1/15 may be sorted into the lowest bin by rounding: it then counts there.
        lowest = net_c - by_bin[:, 1:].sum(axis=1)
        return np.column_stack([lowest, by_bin[:, 1:]])
