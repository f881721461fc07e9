"""Generated outliers: what a choice of score is judged by, so that no real outlier has to be known."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from sightline.lifecycle.strangers import altered, from_nothing
from sightline.lifecycle.strangers.altered import Pixels

NOTHING: Final[Mapping[str, Callable[[np.random.Generator, from_nothing.Shape], Pixels]]] = {
    "uniform noise": from_nothing.uniform_noise,
    "gaussian noise": from_nothing.gaussian_noise,
    "blank": from_nothing.blank,
    "single colour": from_nothing.single_colour,
    "gradient": from_nothing.gradient,
    "stripes": from_nothing.stripes,
    "plasma": from_nothing.plasma,
}
ALTERED: Final[Mapping[str, Callable[[np.random.Generator, Pixels], Pixels]]] = {
    "inverted": altered.inverted,
    "shuffled": altered.shuffled,
    "scrambled": altered.scrambled,
    "blurred": altered.blurred,
    "mosaic": altered.mosaic,
    "recoloured": altered.recoloured,
    "blended": altered.blended,
    "enlarged": altered.enlarged,
}
EMPTY: Final = frozenset({"uniform noise", "gaussian noise", "blank", "single colour"})
"""The kinds that must never be accepted, whatever a model is for."""

_LEAST_CHANGE = 8.0


def generate_outliers(pixels_nhwc: Pixels, *, per_kind: int, seed: int) -> dict[str, Pixels]:
    """Outliers by kind, each uint8 RGB `[n, height, width, 3]` with n ≤ `per_kind`.

    pixels_nhwc
        Pictures of the line at the network's input, uint8 `[N, height, width, 3]`; up to `per_kind` of them, spread
        evenly, are altered. An altered picture whose levels differ by less than 8 of 255 on average is no outlier
        and left out (red for blue in a grey picture changes nothing), and so is a kind of which none is left.
    """
    assert len(pixels_nhwc)
    rows = np.unique(np.linspace(0, len(pixels_nhwc) - 1, min(per_kind, len(pixels_nhwc))).astype(int))
    sources = pixels_nhwc[rows]
    shape = (per_kind, *pixels_nhwc.shape[1:])
    found = {kind: make(_stream(seed, kind), shape) for kind, make in NOTHING.items()}
    for kind, alter in ALTERED.items():
        changed = alter(_stream(seed, kind), sources)
        apart = np.abs(changed.astype(np.int16) - sources).mean(axis=(1, 2, 3))
        if (apart >= _LEAST_CHANGE).any():
            found[kind] = changed[apart >= _LEAST_CHANGE]
    return found


def _stream(seed: int, kind: str) -> np.random.Generator:
    """A kind's own generator: another kind more or less changes no other."""
    return np.random.default_rng([seed, *kind.encode()])
