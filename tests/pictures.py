"""Real encoded pictures, made on the spot."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def gradient(width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A smooth RGB picture without symmetry: every orientation of it differs from every other."""
    x = np.linspace(0, 1, width)[None, :]
    y = np.linspace(0, 1, height)[:, None]
    red, green, blue = 40 + 200 * x + 0 * y, 30 + 150 * y + 0 * x, 60 + 120 * x * y
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def encode(pixels: NDArray[Any] | Image.Image, image_format: str = "PNG", **options: Any) -> bytes:
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    picture.save(buffer, image_format, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def raw_png(
    pixels: NDArray[Any],
    colour_type: int,
    *,
    size: tuple[int, int] | None = None,
    interlaced: bool = False,
    keep_bytes: int | None = None,
    key: bytes | None = None,
) -> bytes:
    """A PNG of 8 or 16 bits a channel, [H, W, channels], written chunk by chunk.

    `size` may lie about it, `keep_bytes` cuts the pixel data off, `key` is a colour key.
    """
    height, width = pixels.shape[:2]
    depth = pixels.dtype.itemsize * 8
    big_endian = pixels.astype(pixels.dtype.newbyteorder(">"))
    passes = (
        [big_endian[top::down, left::across] for left, top, across, down in ADAM7]
        if interlaced
        else [big_endian]
    )
    lines = b"".join(b"\0" + row.tobytes() for part in passes if part.size for row in part)
    header = struct.pack(">IIBBBBB", *(size or (width, height)), depth, colour_type, 0, 0, interlaced)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + (png_chunk(b"tRNS", key) if key else b"")
        + png_chunk(b"IDAT", zlib.compress(lines[:keep_bytes]))
        + png_chunk(b"IEND", b"")
    )


def exif_orientation(mark: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = mark
    return exif.tobytes()
