"""Pictures small enough to put hundreds of them into one page."""

import io

from PIL import Image

from sightline.images import decode_image
from sightline.records import ImageLimits, Preprocessing

THUMBNAIL_PX = 144
_MOST_BYTES = 4096
_QUALITIES = (70, 50, 30, 10)


def thumbnail(data: bytes, limits: ImageLimits) -> bytes:
    """Encoded bytes to a WebP of at most 144 px a side at its own aspect ratio: 4 kB at most, 7 kB for pure noise.

    Large JPEGs are decoded at a reduced scale; small pictures are not enlarged.

    Raises:
        ImageError: the picture is not taken under these limits.
    """
    spec = Preprocessing(width_px=THUMBNAIL_PX, height_px=THUMBNAIL_PX, resize="letterbox", limits=limits)
    picture = Image.fromarray(decode_image(data, spec))
    picture.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.BICUBIC)
    encoded = b""
    for quality in _QUALITIES:
        encoded = _webp(picture, quality)
        if len(encoded) <= _MOST_BYTES:
            break
    return encoded


def _webp(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality)
    return buffer.getvalue()
