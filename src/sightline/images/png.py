"""Where a PNG says more than Pillow listens to: rows that are missing, and colour keys of odd depths."""

import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from sightline.errors import ImageDamaged, ImageNotSupported

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_GREY, _RGB = 0, 2
# First column, first row, steps between columns and between rows of the seven passes (PNG, section 8.2).
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_AT_ONCE = 1 << 20


def check_rows(data: bytes, width: int, height: int) -> None:
    """Refuse a PNG whose pixel data end early; Pillow would leave the missing rows black.

    Raises:
        ImageDamaged: `truncated`, or `corrupt` if the data cannot be inflated.
    """
    depth, colour_type, interlaced = data[24], data[25], data[28] == 1
    bits = depth * _CHANNELS.get(colour_type, 1)
    expected = sum(
        rows * (1 + -(-columns * bits // 8))
        for columns, rows in _passes(width, height, interlaced)
        if columns
    )
    if _inflated_size(data, expected) < expected:
        raise ImageDamaged("truncated", "The PNG has fewer rows of pixels than it declares.")


def grey_with_key(picture: Image.Image, data: bytes) -> Image.Image:
    """Give a PNG's colour key the scale of its pixels, or its alpha where Pillow has none for it.

    Raises:
        ImageNotSupported: a colour key for 16-bit RGB, of which only the high bytes are left to compare.
    """
    key = picture.info.get("transparency")
    if key is None:
        return picture
    depth, colour_type = data[24], data[25]
    if colour_type == _RGB and depth == 16:
        raise ImageNotSupported(
            "pixel_format",
            "A colour key in a PNG of 16 bits a channel. Save the image with an alpha channel.",
        )
    if colour_type == _GREY and depth == 16:
        levels = np.asarray(picture)
        alpha = np.where(levels == key, 0, 255).astype(np.uint8)
        return Image.merge("LA", [Image.fromarray((levels >> 8).astype(np.uint8)), Image.fromarray(alpha)])
    if colour_type == _GREY and depth in (2, 4):
        picture.info["transparency"] = key * (255 // (2**depth - 1))
    return picture


def _passes(width: int, height: int, interlaced: bool) -> Iterator[tuple[int, int]]:
    if not interlaced:
        yield width, height
        return
    for left, top, across, down in _ADAM7:
        yield (
            -(-(width - left) // across) if width > left else 0,
            -(-(height - top) // down) if height > top else 0,
        )


def _inflated_size(data: bytes, enough: int) -> int:
    inflate = zlib.decompressobj()
    size = 0
    try:
        for chunk in _image_data(data):
            pending = chunk
            while pending and size < enough:
                size += len(inflate.decompress(pending, _AT_ONCE))
                pending = inflate.unconsumed_tail
        return size + len(inflate.flush()) if size < enough else size
    except zlib.error as err:
        raise ImageDamaged("corrupt", f"The PNG's pixel data cannot be inflated: {err}") from err


def _image_data(data: bytes) -> Iterator[bytes]:
    position = 8
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] == b"IDAT":
            yield data[position + 8 : position + 8 + length]
        position += 12 + length
