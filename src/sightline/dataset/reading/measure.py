"""The look of one picture in numbers, taken while its pixels are at hand."""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.dataset.reading.measures import Measures

_LOOKED_AT_PX = 1 << 15
_REDUCED_FROM_PX = 1 << 20
_COLOURS_SIDE_PX = 64
_LEVELS = np.arange(256)


def measure_picture(picture: Image.Image, grey: Image.Image, image_format: str) -> Measures:
    """Measure a decoded picture of mode `L` or `RGB`, and its luma, as `Measures` defines it.

    Tones are those of all pixels. Sharpness is taken from some 30,000 pixels, in rows evenly spread over the
    picture; from 4 megapixels on, of the picture reduced by a whole factor to 1–4 megapixels: what is blurred at
    the scale of a large camera's single pixels only is not blurred for a network.
    Colours are those of 64 × 64 single pixels, evenly spread.
    """
    counts = np.array(grey.histogram())
    share = counts / counts.sum()
    low, high = np.searchsorted(np.cumsum(share), (0.05, 0.95)) / 255
    mean = float(share @ _LEVELS)
    contrast = math.sqrt(float(share @ (_LEVELS - mean) ** 2))
    present = share[share > 0]
    luma = np.asarray(grey)
    colours = _colours(picture)
    return Measures(
        format=image_format,
        pixels_digest=_digest(luma, colours),
        brightness_low=float(low),
        brightness_high=float(high),
        contrast=contrast / 255,
        entropy_bits=max(0.0, -float(present @ np.log2(present))),
        sharpness=_sharpness(grey) / contrast if contrast > 0 else 0.0,
        colourfulness=float(np.mean(_spread(colours))) / 255 if colours.size else 0.0,
    )


def _sharpness(grey: Image.Image) -> float:
    """The standard deviation of the Laplacian of a picture of mode `L`, in rows evenly spread over it."""
    factor = math.isqrt(grey.width * grey.height // _REDUCED_FROM_PX)
    if factor > 1:
        grey = grey.reduce((min(factor, grey.width), min(factor, grey.height)))
    luma = np.asarray(grey)
    missing = [(0, max(0, 3 - side)) for side in luma.shape]
    if missing != [(0, 0), (0, 0)]:
        luma = np.pad(luma, missing, mode="edge")
    # An odd number of rows from one to the next, so as not to keep step with the blocks of JPEG.
    step = max(1, luma.size // _LOOKED_AT_PX) | 1
    above, here, below = luma[:-2:step], luma[1:-1:step], luma[2::step]
    around = np.add(above[:, 1:-1], below[:, 1:-1], dtype=np.int16)
    around += here[:, :-2]
    around += here[:, 2:]
    laplacian = (np.multiply(here[:, 1:-1], 4, dtype=np.int16) - around).astype(np.float32).ravel()
    mean = float(laplacian.mean())
    return math.sqrt(max(0.0, float(laplacian @ laplacian) / laplacian.size - mean * mean))


def _colours(picture: Image.Image) -> NDArray[np.uint8]:
    """Single pixels, evenly spread: uint8 `[64, 64, 3]`; nothing where all are grey."""
    if picture.mode == "L":
        return np.zeros((0, 0, 3), np.uint8)
    side = (_COLOURS_SIDE_PX, _COLOURS_SIDE_PX)
    sample = np.asarray(picture.resize(side, Image.Resampling.NEAREST))
    return sample if _spread(sample).any() else sample[:0, :0]


def _spread(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest less the smallest channel of `[H, W, 3]`; by channel, which is ten times as fast as by axis."""
    red, green, blue = (colours[..., channel] for channel in range(3))
    largest, smallest = np.maximum(red, green), np.minimum(red, green)
    spread: NDArray[np.uint8] = np.maximum(largest, blue) - np.minimum(smallest, blue)
    return spread


def _digest(luma: NDArray[np.uint8], colours: NDArray[np.uint8]) -> str:
    """64 bits over the size, the luma of every pixel, and the sampled colours: 16 hexadecimal digits."""
    state = hashlib.sha256(repr(luma.shape).encode())
    state.update(luma.tobytes())
    state.update(colours.tobytes())
    return state.hexdigest()[:16]
