"""Pictures small enough to put hundreds of them into one page."""

import base64
import io
from collections.abc import Mapping, Sequence
from functools import partial

from PIL import Image

from sightline.dataset.sources.store import Store
from sightline.errors import ImageError, InputError
from sightline.images import decode_image
from sightline.parallel import Progress, in_order
from sightline.records import ImageLimits, Preprocessing

THUMBNAIL_PX = 144
_MOST_BYTES = 4096
_QUALITIES = (70, 50, 30, 10)


def draw_thumbnails(
    paths: Sequence[str], store: Store, limits: ImageLimits, progress: Progress | None = None
) -> Mapping[str, str]:
    """A `data:` address for each path; those that can no longer be read or decoded are left out."""
    drawn = in_order(partial(_draw, store, limits), paths, progress=progress)
    return {path: address for path, address in zip(paths, drawn, strict=True) if address}


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


def _draw(store: Store, limits: ImageLimits, path: str) -> str:
    try:
        if store.refusal(path) is not None:
            return ""
        encoded = thumbnail(store.read(path, limits), limits)
    except (ImageError, InputError):
        return ""
    return inlined(encoded)


def inlined(encoded: bytes, kind: str = "image/webp") -> str:
    """A `data:` address of an encoded picture."""
    return f"data:{kind};base64,{base64.b64encode(encoded).decode()}"


def _webp(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality)
    return buffer.getvalue()
