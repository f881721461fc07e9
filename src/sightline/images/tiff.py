"""Where a TIFF says more than Pillow listens to; refused, rather than read as something else."""

from collections.abc import Sequence

from PIL import Image

from sightline.errors import ImageDamaged, ImageNotSupported, ImageTooLarge
from sightline.images.endings import too_many
from sightline.records import ImageLimits

_BITS, _PHOTOMETRIC, _PLANAR, _SAMPLE_FORMAT = 258, 262, 284, 339
_STRIPS, _TILES = (273, 279), (324, 325)
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_WHITE_IS_ZERO, _SEPARATE, _UNSIGNED = 0, 2, 1


def check_tiff(picture: Image.Image, data: bytes, limits: ImageLimits) -> None:
    """Refuse strips or tiles that are not in the file, tiles larger than any picture, and odd kinds of samples.

    Raises:
        ImageDamaged, ImageNotSupported, ImageTooLarge: see `sightline.errors`.
    """
    tags = getattr(picture, "tag_v2", {})
    bits = max(_numbers(tags.get(_BITS, 1)))
    signed = any(kind != _UNSIGNED for kind in _numbers(tags.get(_SAMPLE_FORMAT, 1)))
    if signed and picture.mode not in ("I", "F"):
        raise ImageNotSupported("pixel_format", "A TIFF of signed samples: they have no natural range.")
    if bits > 8 and tags.get(_PLANAR) == _SEPARATE:
        raise ImageNotSupported(
            "pixel_format", "A TIFF of 16 bits a channel in separate planes. Interleave them."
        )
    if bits > 8 and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        raise ImageNotSupported("pixel_format", "A TIFF of 16 bits in which white is zero. Invert it.")
    tile_px = tags.get(_TILE_WIDTH, 0) * tags.get(_TILE_LENGTH, 0)
    if tile_px > limits.max_pixels:
        raise ImageTooLarge("too_many_pixels", f"The TIFF has tiles of {tile_px:,} pixels.")
    for offset_tag, count_tag in (_STRIPS, _TILES):
        if offset_tag in tags:
            _check_pieces(_numbers(tags[offset_tag]), _numbers(tags.get(count_tag, 1)), len(data), limits)


def _check_pieces(offsets: Sequence[int], counts: Sequence[int], size: int, limits: ImageLimits) -> None:
    if len(offsets) > limits.max_segments:
        raise too_many(limits.max_segments)
    lengths = counts if len(counts) == len(offsets) else [1] * len(offsets)
    if any(offset <= 0 or offset + length > size for offset, length in zip(offsets, lengths, strict=True)):
        raise ImageDamaged("truncated", "The TIFF points to pixels that are not in the file.")


def _numbers(value: int | Sequence[int]) -> Sequence[int]:
    return (value,) if isinstance(value, int) else value
