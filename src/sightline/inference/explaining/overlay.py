"""The picture with its heat on it, as a person shall see it."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sightline.inference.explaining.colours import colour
from sightline.inference.explaining.explanation import Explanation

_SHORTEST_PX, _LONGEST_PX = 384, 1024
_NARROWEST_PX = 96  # the ring has a radius of 0.03 × 1,024
_STRONGEST = 0.55
_FAINTEST = 0.15
_UNSEEN_LIGHT = 0.35
_HATCH_PX = 12
_GAP_PX = 8


def draw_overlay(explanation: Explanation) -> NDArray[np.uint8]:
    """The picture in grey with its heat in colour, uint8 `[H, W, 3]`, RGB; its longer side 384 to 1,024 pixels.

    The shorter side has 96 pixels at least: a very narrow picture is stretched, or nothing could be seen in it.

    Colour means heat and nothing else, which is why the picture loses its own. The hotter a place, the more its
    colour covers; what is colder than 0.15 stays as it was. A ring marks the peak. What the network never saw is
    dark and hatched.
    """
    picture = _shown(explanation)
    heat, seen = explanation.heat_on(picture.width, picture.height)
    grey = np.asarray(picture.convert("L"), np.float32)[..., np.newaxis]
    cover = _STRONGEST * np.clip((heat - _FAINTEST) / (1 - _FAINTEST), 0, 1)[..., np.newaxis] ** 0.75
    mixed = grey * (1 - cover) + colour(heat) * cover
    mixed = np.where(seen[..., np.newaxis], mixed, grey * _UNSEEN_LIGHT + _hatching(seen.shape))
    drawn = Image.fromarray(mixed.round().clip(0, 255).astype(np.uint8))
    if explanation.peak is not None:
        across, down = drawn.width / explanation.width_px, drawn.height / explanation.height_px
        _mark(drawn, explanation.peak[0] * across, explanation.peak[1] * down)
    result: NDArray[np.uint8] = np.asarray(drawn)
    return result


def draw_pair(explanation: Explanation) -> NDArray[np.uint8]:
    """The picture as it is, and beside it its overlay: uint8 `[H, 2 W + 8, 3]`, RGB."""
    overlay = draw_overlay(explanation)
    picture = np.asarray(_shown(explanation).convert("RGB"))
    gap = np.full((len(overlay), _GAP_PX, 3), 255, np.uint8)
    return np.concatenate([picture, gap, overlay], axis=1)


def as_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode uint8 `[H, W, 3]`, RGB, as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _shown(explanation: Explanation) -> Image.Image:
    """The picture at the size of its overlay."""
    longest = max(explanation.width_px, explanation.height_px)
    scale = min(max(longest, _SHORTEST_PX), _LONGEST_PX) / longest
    width, height = (
        max(_NARROWEST_PX, round(side * scale)) for side in (explanation.width_px, explanation.height_px)
    )
    return explanation.picture.resize((width, height), Image.Resampling.BICUBIC)


def _hatching(shape: tuple[int, ...]) -> NDArray[np.float32]:
    rows, columns = np.indices(shape)
    return np.where((rows + columns) % _HATCH_PX < 2, np.float32(60), np.float32(0))[..., np.newaxis]


def _mark(picture: Image.Image, x: float, y: float) -> None:
    radius = 0.03 * max(picture.size)
    pen = ImageDraw.Draw(picture)
    for width, ink, spare in ((5, (0, 0, 0), 1), (2, (255, 255, 255), 0)):
        box = (x - radius - spare, y - radius - spare, x + radius + spare, y + radius + spare)
        pen.ellipse(box, outline=ink, width=width)
