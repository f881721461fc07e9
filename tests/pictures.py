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


def raw_png(pixels: NDArray[Any], colour_type: int, *, size: tuple[int, int] | None = None) -> bytes:
    """A PNG of 8 or 16 bits a channel, [H, W, channels], written chunk by chunk; `size` may lie about it."""
    height, width = pixels.shape[:2]
    depth = pixels.dtype.itemsize * 8
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).reshape(height, -1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", *(size or (width, height)), depth, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(lines))
        + png_chunk(b"IEND", b"")
    )


def exif_orientation(mark: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = mark
    return exif.tobytes()
