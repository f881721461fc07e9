"""What is kept of a picture to compare it with others: its luma in 96 × 96."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE_PX = 96


def fingerprint(grey: Image.Image) -> NDArray[np.uint8]:
    """Shrink the luma of a picture, mode `L`, to uint8 `[96, 96]`, whatever its shape.

    Squashed, since a copy may have been resized without regard to proportions; by averaging, since what is
    finer than the result would otherwise appear in it as noise.
    """
    shrinks = min(grey.size) >= SIZE_PX
    resampling = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(grey.resize((SIZE_PX, SIZE_PX), resampling))
