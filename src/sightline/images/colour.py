"""Any Pillow mode to RGB, by stated rules.

| stored as | becomes |
|---|---|
| grey, 1 or 8 bits | R = G = B |
| grey, 16 bits | the high byte, then R = G = B |
| RGB(A), 16 bits a channel | the high byte of each (Pillow's reading) |
| palette | its colours |
| transparency of any kind (alpha, palette entry, colour key) | laid over the background of the specification |
| CMYK, YCCK | R = (255 - C) (255 - K) / 255, likewise G and B; Adobe's inverted storage undone |
| YCbCr | RGB (ITU-R BT.601, as in JFIF) |
| 32-bit integers, floating point, CIE Lab | refused: they have no natural range |

An embedded ICC profile is not applied: neither the pretrained backbones nor the usual training loaders apply
it, cameras on a line embed none, and the conversion would cost more than decoding. The consequence: a picture
in a wide-gamut space (Display P3, Adobe RGB) looks a little pale, in training and in production alike.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.errors import ImageNotSupported
from sightline.records import Rgb

_WITH_ALPHA = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_OPAQUE = frozenset({"P", "RGBX", "YCbCr", "CMYK"})


def to_grey_or_rgb(picture: Image.Image, background: Rgb) -> Image.Image:
    """Bring a loaded picture to mode `L` or `RGB` (8 bits); grey stays one band until the very end.

    Raises:
        ImageNotSupported: a kind of pixel without a rule (`pixel_format`).
    """
    mode = picture.mode
    if mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if mode in _WITH_ALPHA or "transparency" in picture.info:
        return _flatten(picture, background)
    if mode in ("L", "RGB"):
        return picture
    if mode == "1":
        return picture.convert("L")
    if mode in _OPAQUE:
        return picture.convert("RGB")
    raise ImageNotSupported(
        "pixel_format",
        f"Pixels of the kind {mode!r} have no natural range of brightness. Save the image with 8 or 16 bits "
        "a channel, grey or RGB.",
    )


def rgb_from_cmyk(inks: NDArray[np.uint8], *, inverted: bool) -> NDArray[np.uint8]:
    """Turn uint8 `[H, W, 4]` CMYK into uint8 `[H, W, 3]` RGB, rounding to nearest.

    inverted: 255 stands for no ink, as Adobe's programs store it.
    """
    light = inks.astype(np.uint16) if inverted else 255 - inks.astype(np.uint16)
    product = light[..., :3] * light[..., 3:] + 127
    return (product // 255).astype(np.uint8)


def _flatten(picture: Image.Image, background: Rgb) -> Image.Image:
    canvas = Image.new("RGBA", picture.size, (*background, 255))
    canvas.alpha_composite(picture.convert("RGBA"))
    return canvas.convert("RGB")
