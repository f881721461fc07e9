"""A scale of heat whose steps look equally large: seventeen colours, and straight lines between them.

Made in OKLCh (Ottosson 2020, A perceptual color space for image processing): lightness from 0.40 to 0.90, hue
from violet through red to yellow, as much chroma as sRGB has up to 0.20, and equal distances in OKLab from each
colour to the next. No hot colour is grey, so that none is lost on a grey picture, and to red-blind or green-blind
eyes the scale still goes from blue to yellow and from dark to light.
"""

import numpy as np
from numpy.typing import NDArray

SCALE = np.array(
    [
        (85, 23, 165),
        (108, 27, 164),
        (130, 32, 161),
        (152, 36, 155),
        (173, 40, 147),
        (193, 46, 136),
        (211, 54, 124),
        (227, 64, 109),
        (241, 77, 92),
        (252, 93, 73),
        (253, 114, 64),
        (254, 133, 59),
        (254, 153, 57),
        (254, 173, 57),
        (254, 191, 51),
        (253, 207, 23),
        (247, 225, 27),
    ],
    np.float32,
)


def colour(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours float32 `[..., 3]`, RGB, 0 to 255, of heat in [0, 1]."""
    places = np.clip(heat, 0, 1) * (len(SCALE) - 1)
    first = np.minimum(places.astype(int), len(SCALE) - 2)
    share = (places - first)[..., np.newaxis]
    mixed: NDArray[np.float32] = SCALE[first] * (1 - share) + SCALE[first + 1] * share
    return mixed
