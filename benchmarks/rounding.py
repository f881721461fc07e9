"""A graph with eight bits, calibrated on a few pictures by their ends, nothing left in float: for speed alone."""

import numpy as np
from numpy.typing import NDArray

from sightline.optimize.quantizing.histograms import count_values
from sightline.optimize.quantizing.qdq import insert_pairs, prepare, tensors_to_calibrate
from sightline.optimize.quantizing.ranges import METHODS

CALIBRATION = 16


def rounded(graph: bytes, pixels: NDArray[np.uint8]) -> bytes:
    """Round a graph that takes pixels, uint8 `[N, H, W, 3]`."""
    model = prepare(graph)
    counted = count_values(model, tensors_to_calibrate(model), pixels[:CALIBRATION], lambda: None)
    return insert_pairs(model, {name: METHODS["minmax"](found) for name, found in counted.items()})
