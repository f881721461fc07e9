"""Two pictures of the same thing laid over one another: a scale and a shift along each axis.

A placement is a row (scale_y, shift_y, scale_x, shift_x): the point at i, counted from the middle of the
first picture, lies at scale · i + shift in the second. Both axes are apart from one another, so that moving a
picture is two products of matrices. No turning: a camera on a line does not turn.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from sightline.dataset.duplicates.contrast import Stack

_FIRST_SCALES = (1.0, 0.94, 1.06)
_LARGEST_SCALE = 1.4
_LONGEST_SHIFT = 0.3  # of the side
_LONGEST_STEP_PX = 1.5


def coarse_placement(first: Stack, second: Stack, reach_px: int) -> Stack:
    """Place whole pixels by cross-correlation, at each of a few scales: float32 `[N, 4]`.

    first, second: `[N, S, S]`, of mean 0. Shifts up to `reach_px` are tried.
    """
    count, size = first.shape[:2]
    padded = (2 * size, 2 * size)
    spectrum = fft.rfft2(first, padded).conj()
    shifts = np.arange(-reach_px, reach_px + 1)
    best = np.full(count, -np.inf, np.float32)
    placement = np.zeros((count, 4), np.float32)
    for scale in _FIRST_SCALES:
        moved, inside = move(second, np.tile(np.array([scale, 0, scale, 0], np.float32), (count, 1)))
        moved = moved * inside
        peaks = fft.irfft2(fft.rfft2(moved, padded) * spectrum, padded)[:, shifts][:, :, shifts]
        flat = peaks.reshape(count, -1)
        where = flat.argmax(1)
        value = flat.max(1) / np.sqrt((moved * moved).sum((1, 2)) + 1e-6)
        better = value > best
        best = np.where(better, value, best)
        rows, columns = np.divmod(where, len(shifts))
        tried = np.stack(
            [np.full(count, scale), scale * shifts[rows], np.full(count, scale), scale * shifts[columns]], 1
        )
        placement = np.where(better[:, None], tried, placement).astype(np.float32)
    return placement


def refine(
    first: Stack, second: Stack, placement: Stack, *, steps: int, tolerance: float
) -> NDArray[np.float32]:
    """Improve placements by Gauss-Newton (Lucas and Kanade 1981) to fractions of a pixel.

    Where the pictures differ by much more than `tolerance`, in their own units, they count for little
    (Geman-McClure), so that the edge of a crop or a new scratch does not pull the rest along.
    """
    middle = (first.shape[1] - 1) / 2
    along = ((np.arange(first.shape[1], dtype=np.float32) - middle) / middle).astype(np.float32)
    unit = np.array([1 / middle, 1, 1 / middle, 1], np.float32)
    for _ in range(steps):
        moved, inside = move(second, placement)
        apart = first - moved
        weight = inside / (1 + (apart / tolerance) ** 2) ** 2
        step = _gauss_newton_step(moved, apart, weight, along)
        placement = placement + np.clip(step, -_LONGEST_STEP_PX, _LONGEST_STEP_PX) * unit
        placement = _within_bounds(placement, first.shape[1])
    return placement


def move(pictures: Stack, placement: Stack) -> tuple[Stack, Stack]:
    """Lay `[N, S, S]` over their counterparts: the moved pictures, and 1 where they reach, else 0."""
    rows, row_inside = _sampling(placement[:, 0], placement[:, 1], pictures.shape[1])
    columns, column_inside = _sampling(placement[:, 2], placement[:, 3], pictures.shape[2])
    inside = row_inside[:, :, None] & column_inside[:, None, :]
    moved: Stack = np.matmul(np.matmul(rows, pictures), columns.transpose(0, 2, 1), dtype=np.float32)
    return moved, inside.astype(np.float32)


def _sampling(scale: Stack, shift: Stack, size: int) -> tuple[Stack, NDArray[np.bool_]]:
    """Linear interpolation along an axis as matrices `[N, size, size]`, and which points lie within."""
    pixels = np.arange(size, dtype=np.float32)
    middle = np.float32((size - 1) / 2)
    at = scale[:, None] * (pixels - middle) + middle + shift[:, None]
    return np.maximum(0, 1 - np.abs(at[:, :, None] - pixels)), (at >= 0) & (at <= size - 1)


def _gauss_newton_step(moved: Stack, apart: Stack, weight: Stack, along: Stack) -> Stack:
    down = np.zeros_like(moved)
    right = np.zeros_like(moved)
    down[:, 1:-1] = (moved[:, 2:] - moved[:, :-2]) / 2
    right[:, :, 1:-1] = (moved[:, :, 2:] - moved[:, :, :-2]) / 2
    slopes = np.stack([down * along[:, None], down, right * along, right], 1).reshape(len(moved), 4, -1)
    weighted = slopes * weight.reshape(len(moved), 1, -1)
    normal = weighted @ slopes.transpose(0, 2, 1)
    # A little damping keeps plain pictures, which say nothing of where they lie, from flying off.
    damping = 1e-3 * np.trace(normal, axis1=1, axis2=2) / 4 + 1e-6
    normal += np.eye(4, dtype=np.float32) * damping[:, None, None]
    step: Stack = np.linalg.solve(normal, weighted @ apart.reshape(len(moved), -1, 1))[:, :, 0]
    return step


def _within_bounds(placement: Stack, size: int) -> Stack:
    scales = np.clip(placement[:, [0, 2]], 1 / _LARGEST_SCALE, _LARGEST_SCALE)
    shifts = np.clip(placement[:, [1, 3]], -_LONGEST_SHIFT * size, _LONGEST_SHIFT * size)
    return np.stack([scales[:, 0], shifts[:, 0], scales[:, 1], shifts[:, 1]], axis=1).astype(np.float32)
