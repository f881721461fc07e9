"""The prior that keeps a fit on few mistakes from claiming certainty.

Platt (1999) fits to (N + 1) / (N + 2) in place of 1: the share that N rows without exception leave one to expect,
by Laplace's rule of succession. The doubt 1 / (N + 2) fades as N grows.
"""

import numpy as np
from numpy.typing import NDArray


def doubt(count: int) -> float:
    """1 / (count + 2), what is left to expect of the contrary after so many rows."""
    return 1.0 / (count + 2)


def strongest_rivals(logits_nc: NDArray[np.float64], targets_n: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class with the largest logit beside the truth of each row, int64 `[N]`. Needs two classes or more."""
    others = logits_nc.copy()
    others[np.arange(len(targets_n)), targets_n] = -np.inf
    return np.asarray(others.argmax(axis=1), np.int64)


def platt_targets(truth_n: NDArray[np.uint8]) -> NDArray[np.float64]:
    """In place of 1 and 0: (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2), float64 `[N]` (Platt 1999, section 2.2)."""
    positives = int(truth_n.sum())
    high, low = 1.0 - doubt(positives), doubt(len(truth_n) - positives)
    targets: NDArray[np.float64] = np.where(truth_n == 1, high, low)
    return targets
