"""One picture small enough to put hundreds of them into one page."""

import base64
import io

from PIL import Image

from sightline.images import decode_image
from sightline.records import ImageLimits, Preprocessing

_SIDE_PX = 160
_MOST_BYTES = 3000  # base64 makes four characters of three bytes
_QUALITIES = (70, 50, 30, 10)


def thumbnail_uri(data: bytes, limits: ImageLimits) -> str:
    """Encoded bytes to a `data:` URI of at most 4 kB: WebP, at most 160 px a side, in its own proportions.

    Raises:
        ImageError: the picture is not taken under these limits.
    """
    spec = Preprocessing(width_px=_SIDE_PX, height_px=_SIDE_PX, resize="letterbox", limits=limits)
    picture = Image.fromarray(decode_image(data, spec))
    picture.thumbnail((_SIDE_PX, _SIDE_PX), Image.Resampling.BICUBIC)
    encoded = _webp(picture, _QUALITIES[0])
    for quality in _QUALITIES[1:]:
        if len(encoded) <= _MOST_BYTES:
            break
        encoded = _webp(picture, quality)
    while len(encoded) > _MOST_BYTES:
        picture = picture.resize((max(1, picture.width * 3 // 4), max(1, picture.height * 3 // 4)))
        encoded = _webp(picture, _QUALITIES[-1])
    return f"data:image/webp;base64,{base64.b64encode(encoded).decode()}"


def _webp(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality)
    return buffer.getvalue()
