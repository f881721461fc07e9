"""Pictures that show nothing: noise, blanks, single colours, gradients, textures that were computed.

Every function takes a generator and a shape `[N, height, width, 3]` and returns uint8 RGB of that shape, 0 to 255.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Shape = tuple[int, int, int, int]

_OCTAVES = 5
_LEVELS = (0, 255, 128, 64, 192)


def uniform_noise(rng: np.random.Generator, shape: Shape) -> Pixels:
    """Every value of every pixel by itself, all levels equally likely."""
    return rng.integers(0, 256, shape, dtype=np.uint8)


def gaussian_noise(rng: np.random.Generator, shape: Shape) -> Pixels:
    """Normal noise about a random level; every second picture is grey."""
    count = shape[0]
    noise = rng.standard_normal(shape, dtype=np.float32)
    noise[1::2] = noise[1::2, :, :, :1]
    levels = rng.uniform(64, 192, (count, 1, 1, 1))
    deviations = rng.uniform(16, 80, (count, 1, 1, 1))
    return _levels(levels + deviations * noise)


def blank(rng: np.random.Generator, shape: Shape) -> Pixels:
    """One grey level: black, white and middle grey first, then any."""
    count = shape[0]
    levels = np.concatenate([np.array(_LEVELS), rng.integers(0, 256, max(0, count - len(_LEVELS)))])[:count]
    return np.broadcast_to(levels.astype(np.uint8)[:, None, None, None], shape).copy()


def single_colour(rng: np.random.Generator, shape: Shape) -> Pixels:
    """One colour, any."""
    colours = rng.integers(0, 256, (shape[0], 1, 1, 3), dtype=np.uint8)
    return np.broadcast_to(colours, shape).copy()


def gradient(rng: np.random.Generator, shape: Shape) -> Pixels:
    """From one colour to another, in a straight line of any direction."""
    count, height, width, _ = shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angles = rng.uniform(0, 2 * np.pi, (count, 1, 1))
    along = (np.cos(angles) * x + np.sin(angles) * y)[..., None]
    ends = rng.uniform(0, 255, (2, count, 1, 1, 3))
    return _levels(ends[0] + (ends[1] - ends[0]) * (along / np.sqrt(2) + 1) / 2)


def stripes(rng: np.random.Generator, shape: Shape) -> Pixels:
    """Stripes of two colours, of any direction and width."""
    count, height, width, _ = shape
    y, x = np.mgrid[0:height, 0:width]
    angles = rng.uniform(0, np.pi, (count, 1, 1))
    periods = rng.uniform(4, max(5, min(height, width) / 2), (count, 1, 1))
    phase = (np.cos(angles) * x + np.sin(angles) * y) / periods
    colours = rng.integers(0, 256, (2, count, 1, 1, 3))
    return _levels(np.where((phase % 1 < 0.5)[..., None], colours[0], colours[1]))


def plasma(rng: np.random.Generator, shape: Shape) -> Pixels:
    """Fractal clouds: smooth noise of several scales, the finer the fainter (1/f), each colour by itself."""
    clouds = np.stack(
        [np.stack([_cloud(rng, shape[1:3]) for _ in range(3)], axis=-1) for _ in range(shape[0])]
    )
    low = clouds.min(axis=(1, 2), keepdims=True)
    return _levels(255 * (clouds - low) / np.maximum(np.ptp(clouds, axis=(1, 2), keepdims=True), 1e-6))


def _cloud(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float32]:
    height, width = size
    total = np.zeros(size, np.float32)
    for octave in range(_OCTAVES):
        cells = 2 ** (octave + 1) + 1
        coarse = Image.fromarray(rng.standard_normal((cells, cells), dtype=np.float32))
        total += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)) / 2**octave
    return total


def _levels(values: NDArray[np.floating] | NDArray[np.integer]) -> Pixels:
    levels: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return levels
