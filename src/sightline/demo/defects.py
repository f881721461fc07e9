"""The four defects, each painted into a surface at a random place, size and contrast."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sightline.demo.noise import Plane, smooth_noise, smoothstep
from sightline.demo.pieces import DefectKind
from sightline.demo.surfaces import Reflectance

# Lines are drawn this much larger and averaged down: Pillow's own lines have no soft edges.
_OVERSAMPLING = 3


class Box(NamedTuple):
    """Pixels x0 ≤ x < x1, y0 ≤ y < y1."""

    x0: int
    y0: int
    x1: int
    y1: int


class Defect(NamedTuple):
    """A defect of one kind, and the box that holds every pixel it changes."""

    kind: DefectKind
    box: Box


class _Stroke(NamedTuple):
    """A line through `points`, float `[n, 2]` in pixels (x, y), thinning from `start_px` to `end_px`."""

    points: NDArray[np.float64]
    start_px: float
    end_px: float


def add_defect(surface: Reflectance, kind: DefectKind, area: Box, rng: np.random.Generator) -> Defect:
    """Paint one defect within `area` into `surface`, float32 `[H, W, 3]`, which is changed in place."""
    unit = min(surface.shape[:2]) / 100
    return Defect(kind, _PAINTERS[kind](surface, area, unit, rng))


def _scratch(surface: Reflectance, area: Box, unit: float, rng: np.random.Generator) -> Box:
    """A long smooth arc: bright where metal is laid bare, with the shadow of its burr, or dark."""
    points = _arc(area, rng.uniform(26, 75) * unit, rng)
    width = rng.uniform(0.8, 1.7) * unit
    core = _Stroke(points, width, width * rng.uniform(0.4, 1.0))
    burr = _Stroke(points + rng.choice((-1.0, 1.0), 2) * width * 0.75, width, width * 0.5)
    bright = rng.random() < 0.75
    gain = rng.uniform(0.35, 0.9) if bright else -rng.uniform(0.3, 0.55)
    mask, box = _draw_strokes([core], surface)
    shadow, shadow_box = _draw_strokes([burr], surface)
    _scale(surface, shadow_box, -0.45 * gain * shadow)
    _scale(surface, box, gain * mask)
    return _around(box, shadow_box)


def _arc(area: Box, length: float, rng: np.random.Generator) -> NDArray[np.float64]:
    angle = rng.uniform(0, 2 * math.pi)
    bend = rng.uniform(-0.5, 0.5)
    headings = angle + bend * np.linspace(-1, 1, 24)
    steps = np.stack([np.cos(headings), np.sin(headings)], axis=1) * (length / 24)
    return _place(np.cumsum(steps, axis=0), area, rng)


def _crack(surface: Reflectance, area: Box, unit: float, rng: np.random.Generator) -> Box:
    """A dark jagged walk that branches and thins out."""
    angle = rng.uniform(0, 2 * math.pi)
    count = int(rng.integers(9, 20))
    trunk = _walk(np.zeros(2), angle, count, 3.2 * unit, rng)
    width = rng.uniform(0.9, 2.0) * unit
    strokes = [_Stroke(trunk, width, 0.35 * width)]
    for start in rng.choice(np.arange(2, count - 2), size=int(rng.integers(1, 4)), replace=False):
        side = angle + rng.choice((-1, 1)) * rng.uniform(0.5, 1.1)
        twig = _walk(trunk[start], side, int(rng.integers(3, 8)), 2.6 * unit, rng)
        strokes.append(_Stroke(twig, 0.7 * width, 0.25 * width))
    everything = np.concatenate([stroke.points for stroke in strokes])
    moved = _place(everything, area, rng)
    ends = np.cumsum([len(stroke.points) for stroke in strokes])[:-1]
    placed = [
        stroke._replace(points=points) for stroke, points in zip(strokes, np.split(moved, ends), strict=True)
    ]
    mask, box = _draw_strokes(placed, surface)
    _scale(surface, box, -rng.uniform(0.45, 0.85) * mask)
    return box


def _walk(
    start: NDArray[np.float64], angle: float, count: int, step: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    headings = angle + np.cumsum(rng.normal(0, 0.25, count)) + rng.normal(0, 0.55, count)
    lengths = step * rng.uniform(0.5, 1.5, count)
    steps = np.stack([np.cos(headings), np.sin(headings)], axis=1) * lengths[:, None]
    return np.concatenate([start[None], start + np.cumsum(steps, axis=0)])


def _hole(surface: Reflectance, area: Box, unit: float, rng: np.random.Generator) -> Box:
    """A dark ragged disc with light on the rim that faces the lamp."""
    radius = rng.uniform(2.8, 8.0) * unit
    box, x, y = _patch(area, radius * 1.6, rng)
    squeeze = rng.uniform(0.75, 1.0)
    distance = np.hypot(x, y / squeeze) + 0.12 * radius * smooth_noise(rng, x.shape, radius / 2, radius / 2)
    inside = 1 - smoothstep(distance, radius - 0.6, radius + 0.6)
    rim = smoothstep(distance, 0.8 * radius, radius) - smoothstep(distance, radius, radius * 1.3)
    lamp = rng.uniform(0, 2 * math.pi)
    facing = (x * math.cos(lamp) + y * math.sin(lamp)) / np.maximum(distance, 1)
    _scale(surface, box, rng.uniform(0.2, 0.6) * rim * facing)
    depth = rng.uniform(0.55, 0.9) * (1 + 0.25 * facing * distance / radius)
    _scale(surface, box, -np.clip(depth, 0, 0.95) * inside)
    return box


def _stain(surface: Reflectance, area: Box, unit: float, rng: np.random.Generator) -> Box:
    """A soft tinted blot, darker or lighter than what it lies on, with or without a dried rim."""
    radius = rng.uniform(8, 20) * unit
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
    strength = rng.uniform(0.15, 0.35) if rng.random() < 0.25 else -rng.uniform(0.2, 0.45)
    weights = (strength * (blot + dried) * _fade_to_edge(x.shape))[..., None] * tint
    window = _window(surface, box)
    window *= 1 + weights.astype(np.float32)
    return box


def _fade_to_edge(shape: tuple[int, int]) -> Plane:
    """1 inside and 0 at the border, so that a wide blot never ends in a straight line."""
    y, x = (np.minimum(np.arange(n), np.arange(n)[::-1]).astype(np.float32) / n for n in shape)
    return smoothstep(np.minimum(y[:, None], x[None, :]), 0.0, 0.08)


def _patch(area: Box, reach: float, rng: np.random.Generator) -> tuple[Box, Plane, Plane]:
    """A square around a random centre that lies wholly in `area`, and the offsets x and y from its centre."""
    side = min(math.ceil(2 * reach), area.x1 - area.x0, area.y1 - area.y0)
    x0 = int(rng.integers(area.x0, area.x1 - side + 1))
    y0 = int(rng.integers(area.y0, area.y1 - side + 1))
    offsets = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    y, x = np.meshgrid(offsets, offsets, indexing="ij")
    return Box(x0, y0, x0 + side, y0 + side), x, y


def _place(points: NDArray[np.float64], area: Box, rng: np.random.Generator) -> NDArray[np.float64]:
    """Points moved to a random place in `area`, and shrunk if they do not fit."""
    room = np.array([area.x1 - area.x0, area.y1 - area.y0], dtype=np.float64)
    extent = np.ptp(points, axis=0)
    points = points * min(1.0, float((room / np.maximum(extent, 1)).min()))
    slack = np.maximum(room - np.ptp(points, axis=0), 0)
    moved: NDArray[np.float64] = (
        points - points.min(axis=0) + np.array([area.x0, area.y0]) + slack * rng.random(2)
    )
    return moved


def _draw_strokes(strokes: list[_Stroke], surface: Reflectance) -> tuple[Plane, Box]:
    """The strokes as a mask in [0, 1], float32 of the size of the box that holds them."""
    points = np.concatenate([stroke.points for stroke in strokes])
    pad = max(stroke.start_px for stroke in strokes) + 2
    low, high = np.floor(points.min(axis=0) - pad), np.ceil(points.max(axis=0) + pad)
    height, width = surface.shape[:2]
    box = Box(max(int(low[0]), 0), max(int(low[1]), 0), min(int(high[0]), width), min(int(high[1]), height))
    size = ((box.x1 - box.x0) * _OVERSAMPLING, (box.y1 - box.y0) * _OVERSAMPLING)
    canvas = Image.new("L", size)
    pen = ImageDraw.Draw(canvas)
    for stroke in strokes:
        _draw_stroke(pen, stroke, box)
    mask = np.asarray(canvas.reduce(_OVERSAMPLING), dtype=np.float32) / np.float32(255)
    return mask, box


def _draw_stroke(pen: ImageDraw.ImageDraw, stroke: _Stroke, box: Box) -> None:
    points = (stroke.points - np.array([box.x0, box.y0])) * _OVERSAMPLING
    widths = np.linspace(stroke.start_px, stroke.end_px, len(points) - 1) * _OVERSAMPLING
    for (x0, y0), (x1, y1), width in zip(points[:-1], points[1:], widths, strict=True):
        pen.line((x0, y0, x1, y1), fill=255, width=max(1, round(width)))
        pen.circle((x1, y1), width / 2, fill=255)


def _scale(surface: Reflectance, box: Box, weight: Plane) -> None:
    """Brighten (weight > 0) or darken (< 0) what lies in the box, in place."""
    window = _window(surface, box)
    window *= 1 + weight[..., None].astype(np.float32)


def _window(surface: Reflectance, box: Box) -> Reflectance:
    return surface[box.y0 : box.y1, box.x0 : box.x1]


def _around(first: Box, second: Box) -> Box:
    return Box(
        min(first.x0, second.x0),
        min(first.y0, second.y0),
        max(first.x1, second.x1),
        max(first.y1, second.y1),
    )


_PAINTERS: dict[DefectKind, Callable[[Reflectance, Box, float, np.random.Generator], Box]] = {
    "crack": _crack,
    "hole": _hole,
    "scratch": _scratch,
    "stain": _stain,
}
