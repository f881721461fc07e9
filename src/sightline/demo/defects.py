"""The four defects, each painted into a surface at a random place, size and contrast."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.demo.boxes import Box
from sightline.demo.noise import Plane, smooth_noise, smoothstep
from sightline.demo.pieces import DefectKind
from sightline.demo.strokes import Points, Stroke, draw_strokes, follow, place_strokes
from sightline.demo.surfaces import Reflectance

# A change below this share is not made: nobody could see it, and the box would grow around it.
_FAINTEST = 0.02


class Defect(NamedTuple):
    """A defect of one kind, and the box that holds every pixel it changes."""

    kind: DefectKind
    box: Box


def add_defect(surface: Reflectance, kind: DefectKind, area: Box, rng: np.random.Generator) -> Defect:
    """Paint one defect within `area` into `surface`, float32 `[H, W, 3]`, which is changed in place."""
    unit = min(surface.shape[:2]) / 100
    return Defect(kind, _PAINTERS[kind](surface, area, unit, rng))


def _scratch(surface: Reflectance, area: Box, unit: float, rng: np.random.Generator) -> Box:
    """A long smooth arc: bright where metal is laid bare, with the shadow of its burr, or dark."""
    angle, bend = rng.uniform(0, 2 * math.pi), rng.uniform(-0.5, 0.5)
    arc = follow(angle + bend * np.linspace(-1, 1, 24), rng.uniform(35, 80) * unit / 24)
    width = rng.uniform(1.0, 2.0) * unit
    (core,) = place_strokes([Stroke(arc, width, width * rng.uniform(0.2, 0.8))], area, rng)
    burr = core._replace(points=core.points + rng.choice((-0.5, 0.5), 2) * width)
    gain = rng.uniform(0.5, 1.1) if rng.random() < 0.75 else -rng.uniform(0.4, 0.65)
    shadow, shadow_box = draw_strokes([burr], surface.shape)
    mask, box = draw_strokes([core], surface.shape)
    changed = _scale(surface, shadow_box, -0.3 * gain * shadow)
    return changed.around(_scale(surface, box, gain * mask))


def _crack(surface: Reflectance, area: Box, unit: float, rng: np.random.Generator) -> Box:
    """A dark jagged walk that branches and thins out."""
    angle = rng.uniform(0, 2 * math.pi)
    count = int(rng.integers(11, 22))
    trunk = _jagged(angle, count, 3.2 * unit, rng)
    width = rng.uniform(1.2, 2.3) * unit
    strokes = [Stroke(trunk, width, 0.35 * width)]
    for start in rng.choice(np.arange(2, count - 2), size=int(rng.integers(1, 4)), replace=False):
        side = angle + rng.choice((-1, 1)) * rng.uniform(0.5, 1.1)
        twig = trunk[start] + _jagged(side, int(rng.integers(3, 8)), 2.6 * unit, rng)
        strokes.append(Stroke(twig, 0.7 * width, 0.25 * width))
    mask, box = draw_strokes(place_strokes(strokes, area, rng), surface.shape)
    return _scale(surface, box, -rng.uniform(0.55, 0.9) * mask)


def _jagged(angle: float, count: int, step_px: float, rng: np.random.Generator) -> Points:
    """A walk from (0, 0): it drifts slowly away from its direction, and each step errs on its own."""
    headings = angle + np.cumsum(rng.normal(0, 0.25, count)) + rng.normal(0, 0.55, count)
    return follow(headings, step_px * rng.uniform(0.5, 1.5, count))


def _hole(surface: Reflectance, area: Box, unit: float, rng: np.random.Generator) -> Box:
    """A dark ragged disc with light on the rim that faces the lamp."""
    radius = rng.uniform(3.2, 8.5) * unit
    box, x, y = _patch(area, radius * 1.6, rng)
    squeeze = rng.uniform(0.75, 1.0)
    distance = np.hypot(x, y / squeeze) + 0.12 * radius * smooth_noise(rng, x.shape, radius / 2, radius / 2)
    inside = 1 - smoothstep(distance, radius - 0.6, radius + 0.6)
    rim = smoothstep(distance, 0.8 * radius, radius) - smoothstep(distance, radius, radius * 1.3)
    lamp = rng.uniform(0, 2 * math.pi)
    facing = (x * math.cos(lamp) + y * math.sin(lamp)) / np.maximum(distance, 1)
    shine = rng.uniform(0.2, 0.6) * rim * facing
    depth = rng.uniform(0.55, 0.9) * (1 + 0.25 * facing * distance / radius)
    return _scale(surface, box, (1 + shine) * (1 - np.clip(depth, 0, 0.95) * inside) - 1)


def _stain(surface: Reflectance, area: Box, unit: float, rng: np.random.Generator) -> Box:
    """A soft tinted blot, darker or lighter than what it lies on, with or without a dried rim."""
    radius = rng.uniform(10, 22) * unit
    box, x, y = _patch(area, radius * 1.6, rng)
    turn = rng.uniform(0, math.pi)
    along = x * math.cos(turn) + y * math.sin(turn)
    across = y * math.cos(turn) - x * math.sin(turn)
    ragged = 0.16 * smooth_noise(rng, x.shape, radius * 0.6, radius * 0.6)
    reach = np.hypot(along, across / rng.uniform(0.55, 1.0)) / radius + ragged
    edge = rng.uniform(0.12, 0.4)
    blot = 1 - smoothstep(reach, 1 - edge, 1 + 0.1)
    dried = rng.uniform(0, 0.8) * (smoothstep(reach, 0.7, 0.95) - smoothstep(reach, 0.95, 1.12))
    tint = 1 + rng.uniform(-0.3, 0.3, 3)
    strength = rng.uniform(0.2, 0.4) if rng.random() < 0.25 else -rng.uniform(0.25, 0.5)
    weights = (strength * (blot + dried) * _fade_to_edge(x.shape))[..., None] * tint
    return _scale(surface, box, weights)


def _fade_to_edge(shape: tuple[int, int]) -> Plane:
    """1 inside and 0 at the border, so that a wide blot never ends in a straight line."""
    y, x = (np.minimum(np.arange(n), np.arange(n)[::-1]).astype(np.float32) / n for n in shape)
    return smoothstep(np.minimum(y[:, None], x[None, :]), 0.0, 0.08)


def _patch(area: Box, reach: float, rng: np.random.Generator) -> tuple[Box, Plane, Plane]:
    """A square around a random centre that lies wholly in `area`, and the offsets x and y from its centre."""
    side = min(math.ceil(2 * reach), area.width, area.height)
    x0 = int(rng.integers(area.x0, area.x1 - side + 1))
    y0 = int(rng.integers(area.y0, area.y1 - side + 1))
    offsets = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    y, x = np.meshgrid(offsets, offsets, indexing="ij")
    return Box(x0, y0, x0 + side, y0 + side), x, y


def _scale(surface: Reflectance, box: Box, weight: NDArray[np.floating]) -> Box:
    """Brighten (weight > 0) or darken (< 0) what lies in `box`, in place, and say what really changed.

    `weight` is `[h, w]`, or `[h, w, 3]` for a tint, of the size of the box.
    """
    tinted = weight if weight.ndim == 3 else weight[..., None]
    changed = np.abs(tinted).max(axis=2) >= _FAINTEST
    surface[box.y0 : box.y1, box.x0 : box.x1] *= 1 + (tinted * changed[..., None]).astype(np.float32)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    return Box(
        box.x0 + int(columns[0]),
        box.y0 + int(rows[0]),
        box.x0 + int(columns[-1]) + 1,
        box.y0 + int(rows[-1]) + 1,
    )


_PAINTERS: dict[DefectKind, Callable[[Reflectance, Box, float, np.random.Generator], Box]] = {
    "crack": _crack,
    "hole": _hole,
    "scratch": _scratch,
    "stain": _stain,
}
