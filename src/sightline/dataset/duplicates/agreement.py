"""How far two pictures, laid over one another, agree in their fine detail.

Correlation over the whole picture is the wrong measure on a production line: all pieces share outline, holder
and lamp. So the picture is cut into blocks and each is correlated by itself. What counts is a low quantile of
these: most of the surface has to be the same, down to its grain.
"""

import numpy as np
from numpy.typing import NDArray

from sightline.dataset.duplicates.contrast import Stack

_PLAIN = 0.05  # mean square of a block, where 1 is usual: below it there is nothing to compare
_LEAST_SHARE = 6  # one in so many blocks has to be comparable


def agreement(
    first: Stack, second: Stack, inside: Stack, *, block_px: int, quantile: float
) -> NDArray[np.float32]:
    """A quantile of the correlations of the blocks, float32 `[N]`, -1 to 1; 0 where too few can be compared.

    first, second: `[N, S, S]`, the second moved onto the first; `inside`: 1 where it reaches. Blocks are
    squares of `block_px`, which divides S.
    """
    one, other, reached = (_blocks(stack, block_px) for stack in (first, second, inside))
    one = one - one.mean(2, keepdims=True)
    other = other - other.mean(2, keepdims=True)
    energy_one, energy_other = (one * one).mean(2), (other * other).mean(2)
    counted = (reached.min(2) > 0) & (np.maximum(energy_one, energy_other) > _PLAIN)
    correlation = (one * other).mean(2) / np.sqrt(energy_one * energy_other + 1e-6)
    enough = counted.sum(1) * _LEAST_SHARE >= counted.shape[1]
    return np.where(enough, _quantile(correlation, counted, quantile), 0).astype(np.float32)


def _quantile(
    values: NDArray[np.float32], counted: NDArray[np.bool_], quantile: float
) -> NDArray[np.float32]:
    """Of the counted values of each row; the lower one where it falls between two."""
    ordered = np.sort(np.where(counted, values, np.inf), axis=1)
    where = (np.maximum(counted.sum(1) - 1, 0) * quantile).astype(np.int64)
    return np.take_along_axis(ordered, where[:, None], axis=1)[:, 0]


def _blocks(stack: Stack, block_px: int) -> Stack:
    """`[N, S, S]` to `[N, blocks, pixels]`."""
    count, size = stack.shape[:2]
    side = size // block_px
    cut = stack.reshape(count, side, block_px, side, block_px).transpose(0, 1, 3, 2, 4)
    return cut.reshape(count, side * side, block_px * block_px)
