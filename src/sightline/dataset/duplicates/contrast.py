"""Lighting taken out of fingerprints, so that what is on the piece remains.

Exposure and gamma add to and stretch the logarithm of the luma; lamps and vignetting add something smooth.
Taking the local mean away and dividing by the local standard deviation undoes both.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Stack = NDArray[np.float32]
_OFFSET = 8.0  # of 255: below it a camera shows more noise than light
_FAINTEST = 0.02  # a local contrast of 2 %: what lies far below is left small, not blown up
_CLIP = 3.0


def even_out(prints: NDArray[np.uint8] | Stack, *, detail_px: float, window_px: float) -> Stack:
    """Local contrast of `[N, S, S]` in 0 to 255: float32 `[N, S, S]`, about mean 0 and variance 1, within ±3.

    detail_px
        The standard deviation of the Gaussian whose mean is taken away: structure much larger than it goes.
    window_px
        The standard deviation of the Gaussian over which the contrast is made even.
    """
    size = prints.shape[-1]
    levels = np.log(prints.astype(np.float32) + _OFFSET)
    levels -= _blurred(levels, _gaussian(size, detail_px))
    spread = np.sqrt(_blurred(levels * levels, _gaussian(size, window_px)))
    even: Stack = np.clip(levels / (spread + np.float32(_FAINTEST)), -_CLIP, _CLIP)
    return even


def shrink(stack: NDArray[np.uint8] | Stack, factor: int) -> Stack:
    """`[N, S, S]` to float32 `[N, S / factor, S / factor]` by averaging; `factor` divides S."""
    count, size = stack.shape[:2]
    blocks = stack.reshape(count, size // factor, factor, size // factor, factor)
    smaller: Stack = blocks.mean((2, 4), dtype=np.float32)
    return smaller


def _blurred(stack: Stack, weights: Stack) -> Stack:
    blurred: Stack = np.matmul(np.matmul(weights, stack), weights.T, dtype=np.float32)
    return blurred


@cache
def _gaussian(size: int, sigma: float) -> Stack:
    """The blur of a column of `size` as a matrix `[size, size]`; edges are mirrored."""
    reach = int(3 * sigma + 0.5)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel /= kernel.sum()
    weights = np.zeros((size, size), np.float32)
    for row in range(size):
        where = np.abs(row + offsets)
        where = np.where(where >= size, 2 * size - 2 - where, where)
        np.add.at(weights[row], np.clip(where, 0, size - 1), kernel)
    return weights
