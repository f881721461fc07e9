"""The labels of a picture's own unit as evidence: other shots of the piece, and near copies of the picture.

A classifier judges a piece that it has not seen. Where a class has few pieces it knows little about a new one, but
the labels of the other shots do: one that disagrees with them is suspicious by itself. They may all be wrong
together, though, so that they never outvote a classifier that is sure.
"""

import numpy as np
from numpy.typing import NDArray

_LARGEST_WEIGHT = 0.5


def with_unit_labels(
    probabilities_nc: NDArray[np.float64], given_nc: NDArray[np.bool_], units_n: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Probabilities mixed with the share of each label among the other samples of the unit: float64 `[N, C]`.

    With n others their share weighs n / (2 (n + 1)): nothing for a sample that stands alone, and always less
    than half.

    probabilities_nc
        float64 `[N, C]`, by a classifier that has not seen the unit.
    given_nc
        bool `[N, C]`, the labels as they are.
    units_n
        int64 `[N]`, numbers from 0.
    """
    given = given_nc.astype(np.float64)
    in_unit = np.zeros((int(units_n.max(initial=-1)) + 1, given.shape[1]))
    np.add.at(in_unit, units_n, given)
    others = (np.bincount(units_n)[units_n] - 1)[:, None]
    share = (in_unit[units_n] - given) / np.maximum(others, 1)
    weight = _LARGEST_WEIGHT * others / (others + 1)
    mixed: NDArray[np.float64] = (1 - weight) * probabilities_nc + weight * share
    return mixed
