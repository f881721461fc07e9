"""Smooth random fields, the raw material of textures, blotches and ragged edges."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.float32]
Shape = tuple[int, ...]


def smooth_noise(rng: np.random.Generator, shape: Shape, cell_y: float, cell_x: float) -> Plane:
    """Value noise, float32 of `shape`, about mean 0 and deviation 1.

    `cell_y` and `cell_x` are the distances in pixels over which it changes; unequal ones give streaks.
    """
    height, width = shape
    rows = max(2, round(height / cell_y) + 1)
    columns = max(2, round(width / cell_x) + 1)
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    return enlarge(grid, height, width)


def enlarge(plane: Plane, height: int, width: int) -> Plane:
    """A float32 plane `[h, w]` resized to `[height, width]`, bicubic."""
    if plane.shape == (height, width):
        return plane
    resized = Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(resized, dtype=np.float32)


def smoothstep(values: Plane, low: float, high: float) -> Plane:
    """0 below `low`, 1 above `high`, and an S between them; float32, the shape of `values`."""
    share = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    eased: Plane = share * share * (3 - 2 * share)
    return eased
