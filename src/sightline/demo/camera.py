"""From a scene to a photograph: light, lens, sensor, and what happens when someone touches the camera."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from sightline.demo.noise import Plane
from sightline.demo.options import CameraChange
from sightline.demo.surfaces import Reflectance

# What a change does, in one place: monitoring is tested against these directions.
_DARKER = 0.6
_ORANGE = np.array([1.18, 1.0, 0.74], dtype=np.float32)
_DEFOCUS = 0.012


def photograph(
    scene: Reflectance, rng: np.random.Generator, change: CameraChange | None
) -> NDArray[np.uint8]:
    """uint8 `[H, W, 3]`, RGB, of a scene float32 `[H, W, 3]` in reflectance.

    The same `rng` state gives the same light and noise whatever lies in the scene and whatever `change` is.
    """
    height, width = scene.shape[:2]
    light = _light(height, width, rng) * np.float32(rng.uniform(0.82, 1.2))
    balance = rng.uniform(0.96, 1.04, 3).astype(np.float32)
    softness = float(rng.uniform(0.0, 0.55))
    noise_level = float(rng.uniform(1.0, 3.5))
    noise = rng.standard_normal((height, width), dtype=np.float32)
    if change == "exposure":
        light *= _DARKER
    elif change == "colour_cast":
        balance *= _ORANGE
    elif change == "blur":
        softness += _DEFOCUS * min(height, width)
    exposed = scene * light[..., None] * (255 * balance)
    sharp = np.clip(exposed, 0, 255).astype(np.uint8)
    seen = np.asarray(Image.fromarray(sharp).filter(ImageFilter.GaussianBlur(softness)), dtype=np.float32)
    return np.clip(seen + noise_level * noise[..., None] + 0.5, 0, 255).astype(np.uint8)


def _light(height: int, width: int, rng: np.random.Generator) -> Plane:
    """A lamp from one side, its reflex, and the darkening towards the corners; about 1 in the middle."""
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    angle = rng.uniform(0, 2 * math.pi)
    slope = 1 + np.float32(rng.uniform(0, 0.28)) * (x * math.cos(angle) + y * math.sin(angle))
    centre_x, centre_y = rng.uniform(-0.9, 0.9, 2)
    reach = rng.uniform(0.4, 1.2)
    reflex = np.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / (2 * reach**2))
    vignette = 1 - np.float32(rng.uniform(0.04, 0.2)) * (x * x + y * y)
    light: Plane = (slope * vignette + rng.uniform(0, 0.22) * reflex).astype(np.float32)
    return light
