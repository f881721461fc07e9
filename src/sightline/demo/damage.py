"""Files that are not, or no longer, the pictures their names promise: one function a kind."""

import struct
import zlib
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.demo.encoding import Suffix, encode

DamageKind = Literal[
    "zero_bytes",
    "text_as_jpeg",
    "html_as_png",
    "random_bytes",
    "header_only",
    "truncated_jpeg",
    "truncated_png",
    "corrupted_jpeg",
    "corrupted_png",
    "trailing_garbage",
    "absurd_dimensions",
    "zero_dimensions",
    "missing_tables",
]
Pixels = NDArray[np.uint8]

# In PNG: 8 bytes of signature, 4 of length and 4 of type, then width and height.
_PNG_DIMENSIONS = slice(16, 24)
_PNG_HEADER = slice(12, 29)
_PNG_HEADER_CRC = slice(29, 33)


class DamagedFile(NamedTuple):
    """The bytes of a damaged file, and the suffix it is found under."""

    data: bytes
    suffix: Suffix


def damage(kind: DamageKind, pixels: Pixels, rng: np.random.Generator) -> DamagedFile:
    """What is left of a sound picture, uint8 `[H, W, 3]`, RGB, after damage of one kind."""
    make, suffix = _KINDS[kind]
    return DamagedFile(make(pixels, rng), suffix)


def _zero_bytes(pixels: Pixels, rng: np.random.Generator) -> bytes:
    return b""


def _text_as_jpeg(pixels: Pixels, rng: np.random.Generator) -> bytes:
    return f"station 4: image missing, retry {int(rng.integers(1, 99))}\n".encode() * 20


def _html_as_png(pixels: Pixels, rng: np.random.Generator) -> bytes:
    code = int(rng.choice((403, 404, 502, 504)))
    return f"<!DOCTYPE html>\n<html><head><title>{code}</title></head><body>{code}</body></html>\n".encode()


def _random_bytes(pixels: Pixels, rng: np.random.Generator) -> bytes:
    return rng.bytes(int(rng.integers(2_000, 20_000)))


def _header_only(pixels: Pixels, rng: np.random.Generator) -> bytes:
    return encode(pixels, ".jpg")[:20]


def _truncated_jpeg(pixels: Pixels, rng: np.random.Generator) -> bytes:
    return _first_part(encode(pixels, ".jpg"), rng)


def _truncated_png(pixels: Pixels, rng: np.random.Generator) -> bytes:
    return _first_part(encode(pixels, ".png"), rng)


def _first_part(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: int(len(data) * rng.uniform(0.4, 0.8))]


def _corrupted_jpeg(pixels: Pixels, rng: np.random.Generator) -> bytes:
    """Random bytes in the middle: many decoders only warn, and give half a picture."""
    return _overwrite_middle(encode(pixels, ".jpg"), rng)


def _corrupted_png(pixels: Pixels, rng: np.random.Generator) -> bytes:
    return _overwrite_middle(encode(pixels, ".png"), rng)


def _overwrite_middle(data: bytes, rng: np.random.Generator) -> bytes:
    start, length = len(data) // 2, max(64, len(data) // 20)
    return data[:start] + rng.bytes(length) + data[start + length :]


def _trailing_garbage(pixels: Pixels, rng: np.random.Generator) -> bytes:
    """A whole picture, and something after its end."""
    return encode(pixels, ".jpg") + rng.bytes(int(rng.integers(500, 5_000)))


def _absurd_dimensions(pixels: Pixels, rng: np.random.Generator) -> bytes:
    """A small file that declares 3.6 gigapixels, with a checksum that is right."""
    return _declare(encode(pixels, ".png"), 60_000, 60_000)


def _zero_dimensions(pixels: Pixels, rng: np.random.Generator) -> bytes:
    return _declare(encode(pixels, ".png"), 0, 0)


def _declare(png: bytes, width: int, height: int) -> bytes:
    data = bytearray(png)
    data[_PNG_DIMENSIONS] = struct.pack(">II", width, height)
    data[_PNG_HEADER_CRC] = struct.pack(">I", zlib.crc32(data[_PNG_HEADER]))
    return bytes(data)


def _missing_tables(pixels: Pixels, rng: np.random.Generator) -> bytes:
    """A JPEG without its quantisation tables (segments DQT)."""
    data = encode(pixels, ".jpg")
    while (start := data.find(b"\xff\xdb")) >= 0:
        (length,) = struct.unpack(">H", data[start + 2 : start + 4])
        data = data[:start] + data[start + 2 + length :]
    return data


_KINDS: dict[DamageKind, tuple[Callable[[Pixels, np.random.Generator], bytes], Suffix]] = {
    "zero_bytes": (_zero_bytes, ".jpg"),
    "text_as_jpeg": (_text_as_jpeg, ".jpg"),
    "html_as_png": (_html_as_png, ".png"),
    "random_bytes": (_random_bytes, ".jpg"),
    "header_only": (_header_only, ".jpg"),
    "truncated_jpeg": (_truncated_jpeg, ".jpg"),
    "truncated_png": (_truncated_png, ".png"),
    "corrupted_jpeg": (_corrupted_jpeg, ".jpg"),
    "corrupted_png": (_corrupted_png, ".png"),
    "trailing_garbage": (_trailing_garbage, ".jpg"),
    "absurd_dimensions": (_absurd_dimensions, ".png"),
    "zero_dimensions": (_zero_dimensions, ".png"),
    "missing_tables": (_missing_tables, ".jpg"),
}
DAMAGE_KINDS: tuple[DamageKind, ...] = tuple(_KINDS)
