"""Pictures that were of the line and no longer are: the same pixels, spoilt beyond what may happen to them.

Every function takes a generator and pictures uint8 RGB `[N, height, width, 3]`, at least one, and returns as many.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]

_PATCHES = 4
_MOSAIC = 3
_BLUR = 1 / 8
_ORDERS = ((1, 2, 0), (2, 0, 1), (2, 1, 0))


def inverted(rng: np.random.Generator, pixels_nhwc: Pixels) -> Pixels:
    """The negative: 255 minus each level."""
    return 255 - pixels_nhwc


def shuffled(rng: np.random.Generator, pixels_nhwc: Pixels) -> Pixels:
    """Cut into 4 × 4 patches that are laid in another order: the parts are right, the whole is not."""
    result = pixels_nhwc.copy()
    rows, columns = (np.linspace(0, side, _PATCHES + 1).astype(int) for side in pixels_nhwc.shape[1:3])
    height, width = np.diff(rows).min(), np.diff(columns).min()
    corners = [(row, column) for row in rows[:-1] for column in columns[:-1]]
    for picture, source in zip(result, pixels_nhwc, strict=True):
        for (row, column), place in zip(corners, rng.permutation(len(corners)), strict=True):
            top, left = corners[place]
            picture[row : row + height, column : column + width] = source[
                top : top + height, left : left + width
            ]
    return result


def scrambled(rng: np.random.Generator, pixels_nhwc: Pixels) -> Pixels:
    """Every pixel at another place: the colours are right, nothing else is."""
    flat = pixels_nhwc.reshape(len(pixels_nhwc), -1, 3)
    return np.stack([rng.permutation(picture) for picture in flat]).reshape(pixels_nhwc.shape)


def blurred(rng: np.random.Generator, pixels_nhwc: Pixels) -> Pixels:
    """Gaussian blur with a deviation of an eighth of the shorter side."""
    blur = ImageFilter.GaussianBlur(_BLUR * min(pixels_nhwc.shape[1:3]))
    return np.stack([np.asarray(Image.fromarray(picture).filter(blur)) for picture in pixels_nhwc])


def mosaic(rng: np.random.Generator, pixels_nhwc: Pixels) -> Pixels:
    """Nine other pictures, small, in three rows of three."""
    height, width = pixels_nhwc.shape[1:3]
    rows, columns = (np.linspace(0, side, _MOSAIC + 1).astype(int) for side in (height, width))
    result = np.empty_like(pixels_nhwc)
    for picture in result:
        for top, bottom in pairwise(rows):
            for left, right in pairwise(columns):
                small = Image.fromarray(pixels_nhwc[rng.integers(len(pixels_nhwc))])
                picture[top:bottom, left:right] = np.asarray(
                    small.resize((int(right - left), int(bottom - top)), Image.Resampling.BOX)
                )
    return result


def recoloured(rng: np.random.Generator, pixels_nhwc: Pixels) -> Pixels:
    """Red, green and blue in another order."""
    orders = rng.integers(len(_ORDERS), size=len(pixels_nhwc))
    return np.stack(
        [picture[..., _ORDERS[order]] for picture, order in zip(pixels_nhwc, orders, strict=True)]
    )


def blended(rng: np.random.Generator, pixels_nhwc: Pixels) -> Pixels:
    """The mean of a picture and another one that is turned upside down, as a double exposure."""
    others = np.roll(pixels_nhwc, 1 + int(rng.integers(max(1, len(pixels_nhwc) - 1))), axis=0)[:, ::-1]
    return ((pixels_nhwc.astype(np.uint16) + others) // 2).astype(np.uint8)


def enlarged(rng: np.random.Generator, pixels_nhwc: Pixels) -> Pixels:
    """An eighth of the height and of the width, anywhere in the picture, enlarged to all of it."""
    height, width = pixels_nhwc.shape[1:3]
    rows, columns = max(1, height // 8), max(1, width // 8)
    result = np.empty_like(pixels_nhwc)
    for picture, source in zip(result, pixels_nhwc, strict=True):
        top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
        part = Image.fromarray(np.ascontiguousarray(source[top : top + rows, left : left + columns]))
        picture[...] = np.asarray(part.resize((width, height), Image.Resampling.BICUBIC))
    return result
