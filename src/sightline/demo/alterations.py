"""Near duplicates: the same picture after it has been saved, mailed, cropped or brightened once more."""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from sightline.demo.boxes import Box

AlterationKind = Literal["recompressed", "resized", "cropped", "shifted", "exposure", "gamma", "blurred"]
Pixels = NDArray[np.uint8]


class Altered(NamedTuple):
    """The new picture, uint8 `[h, w, 3]`, RGB, and where it came from in the old one.

    A point (x, y) of the old picture lies at ((x - left) · scale_x, (y - top) · scale_y) in the new one.
    """

    pixels: Pixels
    left: float = 0.0
    top: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0

    def find(self, box: Box) -> Box:
        """Where a box of the old picture lies in the new one, cut to its edges."""
        height, width = self.pixels.shape[:2]
        return Box(
            math.floor((box.x0 - self.left) * self.scale_x),
            math.floor((box.y0 - self.top) * self.scale_y),
            math.ceil((box.x1 - self.left) * self.scale_x),
            math.ceil((box.y1 - self.top) * self.scale_y),
        ).clipped(width, height)


def alter(kind: AlterationKind, pixels: Pixels, rng: np.random.Generator) -> Altered:
    """A near duplicate of uint8 `[H, W, 3]`, RGB. `recompressed` is left to whoever writes the file."""
    return _KINDS[kind](pixels, rng)


def _recompressed(pixels: Pixels, rng: np.random.Generator) -> Altered:
    return Altered(pixels)


def _resized(pixels: Pixels, rng: np.random.Generator) -> Altered:
    height, width = pixels.shape[:2]
    scale = rng.uniform(0.6, 0.9)
    size = (round(width * scale), round(height * scale))
    smaller = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    return Altered(np.asarray(smaller), scale_x=size[0] / width, scale_y=size[1] / height)


def _cropped(pixels: Pixels, rng: np.random.Generator) -> Altered:
    height, width = pixels.shape[:2]
    left, right = (max(1, round(width * share)) for share in rng.uniform(0.01, 0.04, 2))
    top, bottom = (max(1, round(height * share)) for share in rng.uniform(0.01, 0.04, 2))
    return Altered(pixels[top : height - bottom, left : width - right], left=left, top=top)


def _shifted(pixels: Pixels, rng: np.random.Generator) -> Altered:
    """Moved by a few pixels; what comes into view repeats the edge."""
    height, width = pixels.shape[:2]
    dx, dy = (int(step) for step in rng.choice((-1, 1), 2) * rng.integers(2, 6, 2))
    rows = np.clip(np.arange(height) - dy, 0, height - 1)
    columns = np.clip(np.arange(width) - dx, 0, width - 1)
    return Altered(pixels[rows][:, columns], left=-dx, top=-dy)


def _exposure(pixels: Pixels, rng: np.random.Generator) -> Altered:
    """Up to 30 % darker or brighter, and never less than 10 %."""
    gain = 1 + rng.choice((-1, 1)) * rng.uniform(0.1, 0.3)
    return Altered(np.clip(pixels * np.float32(gain) + 0.5, 0, 255).astype(np.uint8))


def _gamma(pixels: Pixels, rng: np.random.Generator) -> Altered:
    exponent = rng.uniform(1.15, 1.4) ** rng.choice((-1, 1))
    curve = (255 * (np.arange(256) / 255) ** exponent + 0.5).astype(np.uint8)
    return Altered(curve[pixels])


def _blurred(pixels: Pixels, rng: np.random.Generator) -> Altered:
    soft = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(rng.uniform(0.6, 1.2)))
    return Altered(np.asarray(soft))


_KINDS: dict[AlterationKind, Callable[[Pixels, np.random.Generator], Altered]] = {
    "recompressed": _recompressed,
    "resized": _resized,
    "cropped": _cropped,
    "shifted": _shifted,
    "exposure": _exposure,
    "gamma": _gamma,
    "blurred": _blurred,
}
ALTERATION_KINDS: tuple[AlterationKind, ...] = tuple(_KINDS)
