"""What is kept of a picture to compare it with others: its luma in 96 × 96."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE_PX = 96
_BAND = "L"


def fingerprint(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink uint8 `[H, W, 3]`, RGB, to its luma in uint8 `[96, 96]`, whatever the shape.

    Squashed, since a copy may have been resized without regard to proportions; by averaging, since what is
    finer than the result would otherwise appear in it as noise.
    """
    picture = Image.fromarray(pixels)
    # Each side loses whole factors first, cheaply, and only then is averaged exactly.
    reduction = max(1, picture.width // (2 * SIZE_PX)), max(1, picture.height // (2 * SIZE_PX))
    smaller = picture.reduce(reduction) if max(reduction) > 1 else picture
    grey = smaller.convert(_BAND)
    return np.asarray(grey.resize((SIZE_PX, SIZE_PX), Image.Resampling.BOX if _shrinks(grey) else _UP))


_UP = Image.Resampling.BILINEAR


def _shrinks(picture: Image.Image) -> bool:
    return min(picture.size) >= SIZE_PX
