"""How the values of each tensor spread over the calibration pictures: counted once, used by every calibration method.

ONNX Runtime's own calibrators were left aside: each method would run the network again, they hold all tensors of all
pictures in memory, and their histograms depend on the order of the pictures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from sightline.optimize.quantizing.inside import Inside

BINS = 2048
_MOST_VALUES_A_RUN = 200_000


@dataclass(frozen=True)
class Histogram:
    """Of one tensor.

    low, high
        The least and the greatest value of all, and the ends of the bins.
    counts
        int64 `[2048]`, bins of the same width; exact zeros are not in it.
    zeros
        Values that are zero, which every quantisation keeps.
    """

    low: float
    high: float
    counts: NDArray[np.int64]
    zeros: int

    @property
    def centres(self) -> NDArray[np.float64]:
        """The middle of each bin, float64 `[2048]`."""
        width = (self.high - self.low) / BINS
        return np.asarray(self.low + width * (np.arange(BINS) + 0.5), np.float64)


def count_values(
    model: onnx.ModelProto, tensors: Sequence[str], images_nhwc: NDArray[np.uint8], step: Callable[[], None]
) -> dict[str, Histogram]:
    """Run the pictures, uint8 `[N, H, W, 3]`, twice: for the ends of each tensor's values, then to count.

    Of a large tensor every n-th value is counted, n being odd so that no column of pixels is left out for good.
    """
    inside = Inside(model, tensors)
    ends = dict.fromkeys(tensors, (np.inf, -np.inf))
    for found in inside.run(images_nhwc):
        for name, values in found.items():
            low, high = ends[name]
            ends[name] = (min(low, float(values.min())), max(high, float(values.max())))
        step()
    counts = {name: np.zeros(BINS, np.int64) for name in tensors}
    zeros = dict.fromkeys(tensors, 0)
    for found in inside.run(images_nhwc):
        for name, values in found.items():
            some = values.ravel()[:: values.size // _MOST_VALUES_A_RUN // 2 * 2 + 1]
            kept = some[some != 0]
            zeros[name] += some.size - kept.size
            counts[name] += _count(kept, *ends[name])
        step()
    return {name: Histogram(*ends[name], counts[name], zeros[name]) for name in tensors}


def _count(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.int64]:
    if high <= low:
        return np.bincount([0] * len(values), minlength=BINS)
    bins = ((values - low) * (BINS / (high - low))).astype(np.int32)
    return np.bincount(np.minimum(bins, BINS - 1), minlength=BINS)
