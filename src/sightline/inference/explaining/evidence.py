"""What a method finds: evidence over the network's input, not yet scaled and not yet on the picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BATCH = 16


@dataclass(frozen=True, eq=False)
class Evidence:
    """Evidence for one label.

    score
        What is explained; see `Explanation`.
    contributions, rest
        float32 `[rows, columns]` in units of the score, and what no place contributes.
    spread
        float32 `[h, w]`: the evidence on every pixel of the network's input.
    exact
        mean(contributions) + rest is the score.
    runs
        Pictures that the graph was run on.
    """

    score: float
    contributions: NDArray[np.float32]
    rest: float
    spread: NDArray[np.float32]
    exact: bool
    runs: int
