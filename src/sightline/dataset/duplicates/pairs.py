"""What the search for near duplicates finds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class NearDuplicates:
    """Pairs of rows of a data set that show the same, and the clusters that the pairs tie together.

    pairs
        int64 `[P, 2]`, row numbers, the smaller first; sorted, each pair once.
    similarity
        float32 `[P]`, up to 1: how far the two pictures, laid over one another, agree in fine detail (`agreement`).
    clusters
        int64 `[N]`, a number a row, the same for rows that pairs join, however far apart; -1 for a row alone.
    """

    pairs: NDArray[np.int64]
    similarity: NDArray[np.float32]
    clusters: NDArray[np.int64]
