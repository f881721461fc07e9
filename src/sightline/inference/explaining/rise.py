"""RISE: which places, shown, go with a high score; for any network.

Petsiuk, Das & Saenko 2018, RISE: randomized input sampling for explanation of black-box models. The picture is
dimmed by random soft masks into its own mean colour, and a place's evidence is the slope of the score on how much
of the place was shown. Masks come in pairs, one the other's complement, which halves the noise; they are drawn
from a fixed seed, so that the same picture has the same map each time.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sightline.inference.engine import Engine
from sightline.inference.explaining.evidence import BATCH, Evidence
from sightline.inference.explaining.grid import interpolate
from sightline.inference.explaining.scoring import scores
from sightline.records import Activation

_PAIRS = 64
_CELLS = 8
_SEED = 0


def randomly_masked(
    engine: Engine, pixels: NDArray[np.uint8], window: tuple[slice, slice], index: int, activation: Activation
) -> Evidence:
    """Explain a label's score of pixels uint8 `[H, W, 3]` by 128 masked pictures, in batches.

    window
        The rows and columns that show the picture. What lies beyond, the bars of a letterbox, stays as it is.
    """
    picture = pixels[window]
    masks = _masks(*picture.shape[:2])
    mean = picture.reshape(-1, 3).mean(axis=0, dtype=np.float32)
    found = [scores(engine.run(pixels[np.newaxis], ["logits"])[0], index, activation)]
    for start in range(0, len(masks), BATCH // 2):
        shown = masks[start : start + BATCH // 2, ..., np.newaxis].astype(np.float32) / 255
        batch = np.repeat(pixels[np.newaxis], 2 * len(shown), axis=0)
        batch[:, *window] = np.rint(mean + np.concatenate([shown, 1 - shown]) * (picture - mean))
        with_masks, with_complements = np.split(
            scores(engine.run(batch, ["logits"])[0], index, activation), 2
        )
        found.append(with_masks - with_complements)
    whole, *differences = np.concatenate(found)
    slopes = np.zeros(pixels.shape[:2], np.float32)
    slopes[window] = _slopes(masks, differences)
    rest = float(whole) - float(slopes.mean(dtype=np.float64))
    return Evidence(float(whole), slopes, rest, slopes, exact=False, runs=1 + 2 * len(masks))


def _slopes(masks: NDArray[np.uint8], differences: Sequence[float]) -> NDArray[np.float32]:
    """At each pixel the slope of the score on the share shown, by least squares, float32 `[H, W]`.

    Over a pair the mean share shown is a half at each pixel, so that only differences within pairs count.
    """
    together = np.zeros(masks.shape[1:], np.float32)
    spread = np.zeros(masks.shape[1:], np.float32)
    for mask, difference in zip(masks, differences, strict=True):
        share = mask.astype(np.float32) / 255 - 0.5
        together += np.float32(difference) * share
        spread += 2 * share**2
    return together / spread


@lru_cache(maxsize=4)
def _masks(height: int, width: int) -> NDArray[np.uint8]:
    """One mask of each pair, uint8 `[pairs, height, width]`: how much is shown of a pixel, 0 nothing, 255 all.

    A coin for each point of a grid, straight lines between them, the whole moved by a random part of a cell.
    """
    rng = np.random.default_rng(_SEED)
    masks = np.empty((_PAIRS, height, width), np.uint8)
    for mask in masks:
        coins = (rng.random((_CELLS + 1, _CELLS + 1)) < 0.5).astype(np.float32)
        rows, columns = (
            (np.arange(length) + 0.5) * _CELLS / length - 0.5 + moved
            for length, moved in zip((height, width), rng.random(2), strict=True)
        )
        mask[:] = np.rint(interpolate(coins, rows, columns) * 255)
    masks.setflags(write=False)
    return masks
