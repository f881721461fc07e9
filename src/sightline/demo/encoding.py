"""Pixels to the files that the line's cameras would write."""

import io
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Suffix = Literal[".jpg", ".png"]
_PNG_SHARE = 0.2
_GREY_SHARE = 0.15


def encode_as_camera(pixels: NDArray[np.uint8], rng: np.random.Generator) -> tuple[bytes, Suffix]:
    """uint8 `[H, W, 3]`, RGB, as one of the line's cameras saves it: most as colour JPEG."""
    as_png, as_grey = rng.random(2) < (_PNG_SHARE, _GREY_SHARE)
    quality = int(rng.integers(82, 96))
    suffix: Suffix = ".png" if as_png else ".jpg"
    return encode(pixels, suffix, grey=bool(as_grey), quality=quality), suffix


def encode(pixels: NDArray[np.uint8], suffix: Suffix, *, grey: bool = False, quality: int = 90) -> bytes:
    """A whole file from uint8 `[H, W, 3]`, RGB. `quality` is that of JPEG."""
    image = Image.fromarray(pixels)
    if grey:
        image = image.convert("L")
    buffer = io.BytesIO()
    if suffix == ".png":
        # Level 1: these files are read once or twice, and writing them is most of their cost.
        image.save(buffer, "PNG", compress_level=1)
    else:
        image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
