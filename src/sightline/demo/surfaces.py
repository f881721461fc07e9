"""What the pieces are made of: brushed, cast and ground metal, and woven cloth."""

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.demo.noise import Plane, smooth_noise

SurfaceKind = Literal["brushed", "cast", "ground", "woven"]
SURFACES: tuple[SurfaceKind, ...] = ("brushed", "cast", "ground", "woven")
Reflectance = NDArray[np.float32]

# Steel, aluminium, brass, copper, blued and phosphated steel, as (red, green, blue) around a grey of 1.
_METALS = (
    (1.00, 1.00, 1.00),
    (0.97, 1.00, 1.04),
    (1.10, 1.00, 0.76),
    (1.16, 0.96, 0.82),
    (0.90, 0.98, 1.10),
    (1.02, 1.00, 0.95),
)


def make_surface(kind: SurfaceKind, height: int, width: int, rng: np.random.Generator) -> Reflectance:
    """A flawless surface, float32 `[height, width, 3]`, RGB, reflectance mostly in [0.15, 0.85]."""
    relief = _RELIEFS[kind](rng, height, width)
    # Real stock is never even: a slow variation, stronger than many a stain, lies under every class.
    blotches = smooth_noise(rng, (height, width), height / 3, width / 3)
    relief = relief * (1 + np.float32(rng.uniform(0.0, 0.06)) * blotches)
    surface: Reflectance = relief[..., None] * _colour(kind, rng)
    return surface


def _colour(kind: SurfaceKind, rng: np.random.Generator) -> NDArray[np.float32]:
    if kind == "woven":
        tint = rng.uniform(0.78, 1.22, 3)
        grey = rng.uniform(0.34, 0.58)
    else:
        tint = np.asarray(_METALS[rng.integers(len(_METALS))])
        grey = rng.uniform(0.38, 0.60)
    colour: NDArray[np.float32] = (grey * tint / tint.mean()).astype(np.float32)
    return colour


def _float32(relief: NDArray[np.floating]) -> Plane:
    plane: Plane = relief.astype(np.float32)
    return plane


def _brushed(rng: np.random.Generator, height: int, width: int) -> Plane:
    reach = math.hypot(height, width)
    side = math.ceil(reach)
    streaks = smooth_noise(rng, (side, side), 1.0, side / 2.5)
    streaks = streaks + 0.8 * smooth_noise(rng, (side, side), 2.2, side / 6)
    strength = rng.uniform(0.02, 0.05)
    turned = _turn(streaks, rng.uniform(0, 180), height, width)
    return _float32(1 + strength * turned)


def _turn(plane: Plane, degrees: float, height: int, width: int) -> Plane:
    """The middle of a square plane as large as the diagonal, turned: no corner ever shows its edge."""
    turned = Image.fromarray(plane).rotate(degrees, Image.Resampling.BILINEAR)
    top, left = (plane.shape[0] - height) // 2, (plane.shape[1] - width) // 2
    return np.asarray(turned, dtype=np.float32)[top : top + height, left : left + width]


def _cast(rng: np.random.Generator, height: int, width: int) -> Plane:
    grain = min(height, width) / 150
    fine = smooth_noise(rng, (height, width), grain * 1.2, grain * 1.2)
    coarse = smooth_noise(rng, (height, width), grain * 4, grain * 4)
    pits = np.minimum(smooth_noise(rng, (height, width), grain * 2.2, grain * 2.2) + 1.6, 0)
    strength = rng.uniform(0.03, 0.065)
    return _float32(1 + strength * (fine + 0.7 * coarse + 1.4 * pits))


def _ground(rng: np.random.Generator, height: int, width: int) -> Plane:
    """Arcs around a far centre, as a cup wheel leaves them, worn unevenly."""
    distance = rng.uniform(0.8, 3.0) * max(height, width)
    angle = rng.uniform(0, 2 * math.pi)
    x = np.arange(width, dtype=np.float32) - np.float32(width / 2 + distance * math.cos(angle))
    y = np.arange(height, dtype=np.float32) - np.float32(height / 2 + distance * math.sin(angle))
    radius = np.hypot(x[None, :], y[:, None])
    radius -= radius.min()
    profile = rng.standard_normal(math.ceil(float(radius.max())) + 2).astype(np.float32)
    lower = radius.astype(np.int64)
    share = radius - lower
    arcs = profile[lower] * (1 - share) + profile[lower + 1] * share
    wear = 0.8 + 0.4 * smooth_noise(rng, (height, width), height / 6, width / 6)
    return _float32(1 + rng.uniform(0.02, 0.055) * arcs * wear)


def _woven(rng: np.random.Generator, height: int, width: int) -> Plane:
    """Warp over weft: two families of threads, the upper one changing from cell to cell."""
    period = min(height, width) / rng.uniform(34, 60)
    twill = int(rng.integers(2, 4))
    angle = rng.uniform(-0.25, 0.25)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    slack = 0.35 * period
    across = x * math.cos(angle) + y * math.sin(angle) + slack * smooth_noise(rng, (height, width), 40, 40)
    along = y * math.cos(angle) - x * math.sin(angle) + slack * smooth_noise(rng, (height, width), 40, 40)
    warp, weft = across / np.float32(period), along / np.float32(period)
    on_top = (np.floor(warp) + np.floor(weft)) % twill == 0
    threads = np.where(on_top, np.abs(np.sin(np.pi * warp)), 0.85 * np.abs(np.sin(np.pi * weft)))
    yarn = smooth_noise(rng, (height, width), period, period)
    return _float32(1 + rng.uniform(0.15, 0.35) * (threads - 0.6) + 0.03 * yarn)


_RELIEFS: dict[SurfaceKind, Callable[[np.random.Generator, int, int], Plane]] = {
    "brushed": _brushed,
    "cast": _cast,
    "ground": _ground,
    "woven": _woven,
}
