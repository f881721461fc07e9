"""Occlusion: what the score loses when a part of the picture is hidden, for any network.

Zeiler & Fergus 2014, Visualizing and understanding convolutional networks. Each of 8 × 8 parts in turn is replaced
by the picture itself, blurred beyond recognition. A grey patch in its place has edges of its own, which a network
that looks for cracks takes for one (Fong & Vedaldi 2017, Interpretable explanations of black boxes by meaningful
perturbation).
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from sightline.inference.engine import Engine
from sightline.inference.explaining.evidence import BATCH, Evidence
from sightline.inference.explaining.grid import centres, interpolate
from sightline.inference.explaining.scoring import scores
from sightline.records import Activation

_PARTS = 8
_BLUR = 1 / 16


def occlude(engine: Engine, pixels: NDArray[np.uint8], index: int, activation: Activation) -> Evidence:
    """Explain a label's score of pixels uint8 `[H, W, 3]` by 64 occlusions, in batches, the same each time."""
    height, width = pixels.shape[:2]
    hidden = _blurred(pixels)
    down, across = _edges(height), _edges(width)
    parts = [(rows, columns) for rows in down for columns in across]
    found = [scores(engine.run(pixels[np.newaxis], ["logits"])[0], index, activation)]
    for start in range(0, len(parts), BATCH):
        batch = np.stack([_hide(pixels, hidden, part) for part in parts[start : start + BATCH]])
        found.append(scores(engine.run(batch, ["logits"])[0], index, activation))
    whole, *without = np.concatenate(found)
    losses = (whole - np.array(without)).reshape(len(down), len(across)).astype(np.float32)
    spread = interpolate(losses, centres(height, len(down)), centres(width, len(across)))
    rest = float(whole - losses.mean(dtype=np.float64))
    return Evidence(float(whole), losses, rest, spread, exact=False, runs=len(parts) + 1)


def _edges(length: int) -> list[slice]:
    count = min(_PARTS, length)
    return [slice(part * length // count, (part + 1) * length // count) for part in range(count)]


def _blurred(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    radius = _BLUR * max(pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _hide(
    pixels: NDArray[np.uint8], hidden: NDArray[np.uint8], part: tuple[slice, slice]
) -> NDArray[np.uint8]:
    picture = pixels.copy()
    picture[part] = hidden[part]
    return picture
