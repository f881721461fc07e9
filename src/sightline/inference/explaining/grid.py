"""Values on a grid of cells, asked for at any place: rows and columns apart, by linear interpolation."""

import numpy as np
from numpy.typing import NDArray

FloatRows = NDArray[np.float64]


def interpolate(grid: NDArray[np.float32], rows: FloatRows, columns: FloatRows) -> NDArray[np.float32]:
    """Values of a grid float32 `[h, w]` at places in cells, float32 `[len(rows), len(columns)]`.

    Place 0 is the centre of the first cell; beyond the outermost centres the outermost value holds.
    """
    across = _weights(columns, grid.shape[1])
    down = _weights(rows, grid.shape[0])
    values: NDArray[np.float32] = (down @ grid @ across.T).astype(np.float32)
    return values


def _weights(places: FloatRows, cells: int) -> FloatRows:
    inside = np.clip(places, 0, cells - 1)
    first = np.minimum(np.floor(inside).astype(int), max(cells - 2, 0))
    share = inside - first
    weights = np.zeros((len(places), cells))
    here = np.arange(len(places))
    np.add.at(weights, (here, first), 1 - share)
    np.add.at(weights, (here, np.minimum(first + 1, cells - 1)), share)
    return weights
