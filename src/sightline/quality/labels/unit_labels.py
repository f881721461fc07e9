"""The labels of a picture's own unit as evidence: other shots of the piece, and near copies of the picture.

A classifier judges a piece that it has not seen. Where a class has few pieces it knows little about a new one, but
the labels of the other shots do: one that disagrees with them is suspicious by itself. They may all be wrong
together, though, so that they never outvote a classifier that is sure.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

_LARGEST_WEIGHT = 0.5


@dataclass(frozen=True)
class UnitLabels:
    """What the other samples of each sample's unit are labelled.

    others_n
        int64 `[N]`: how many others there are.
    counts_nc
        int64 `[N, C]`: how many of them have each label.
    units_c
        int64 `[C]`: how many units have each label on at least half of their samples.
    """

    others_n: NDArray[np.int64]
    counts_nc: NDArray[np.int64]
    units_c: NDArray[np.int64]

    @classmethod
    def of(cls, given_nc: NDArray[np.bool_], units_n: NDArray[np.int64]) -> Self:
        """Count labels bool `[N, C]` in units int64 `[N]`, numbers from 0."""
        sizes = np.bincount(units_n)
        given = given_nc.astype(np.int64)
        in_unit = np.zeros((len(sizes), given.shape[1]), np.int64)
        np.add.at(in_unit, units_n, given)
        carried = (2 * in_unit >= sizes[:, None]) & (in_unit > 0)
        return cls(sizes[units_n] - 1, in_unit[units_n] - given, carried.sum(axis=0))

    def mixed_with(self, probabilities_nc: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities by a classifier that has not seen the unit, mixed with what the others say: float64 `[N, C]`.

        With n others the share of each label among them weighs n / (2 (n + 1)): nothing for a sample that stands
        alone, and always less than half.
        """
        others = self.others_n[:, None]
        weight = _LARGEST_WEIGHT * others / (others + 1)
        mixed: NDArray[np.float64] = (1 - weight) * probabilities_nc
        mixed += weight * self.counts_nc / np.maximum(others, 1)
        return mixed
