"""Lines that thin out, drawn with soft edges: what scratches and cracks are made of."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sightline.demo.boxes import Box
from sightline.demo.noise import Plane, Shape

Points = NDArray[np.float64]
# Lines are drawn this much larger and averaged down: Pillow's own lines have no soft edges.
_OVERSAMPLING = 3


class Stroke(NamedTuple):
    """A line through `points`, float `[n, 2]` in pixels (x, y), thinning from `start_px` to `end_px`."""

    points: Points
    start_px: float
    end_px: float


def follow(headings: NDArray[np.float64], step_px: float | NDArray[np.float64]) -> Points:
    """Where a walk from (0, 0) passes that takes a step in each of n directions, in radians: `[n + 1, 2]`."""
    steps = np.stack([np.cos(headings) * step_px, np.sin(headings) * step_px], axis=1)
    return np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])


def place_strokes(strokes: list[Stroke], area: Box, rng: np.random.Generator) -> list[Stroke]:
    """The strokes together moved to a random place in `area`, and shrunk if they do not fit."""
    points = np.concatenate([stroke.points for stroke in strokes])
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    room = np.array([area.width, area.height], dtype=np.float64)
    scale = min(1.0, float((room / np.maximum(extent, 1)).min()))
    corner = np.array([area.x0, area.y0]) + np.maximum(room - scale * extent, 0) * rng.random(2)
    return [stroke._replace(points=(stroke.points - low) * scale + corner) for stroke in strokes]


def draw_strokes(strokes: list[Stroke], shape: Shape) -> tuple[Plane, Box]:
    """The strokes as a mask in [0, 1], float32, and the box in a picture of `shape` that it fills."""
    points = np.concatenate([stroke.points for stroke in strokes])
    pad = max(stroke.start_px for stroke in strokes) + 2
    low, high = np.floor(points.min(axis=0) - pad), np.ceil(points.max(axis=0) + pad)
    height, width = shape[:2]
    box = Box(int(low[0]), int(low[1]), int(high[0]), int(high[1])).clipped(width, height)
    canvas = Image.new("L", (box.width * _OVERSAMPLING, box.height * _OVERSAMPLING))
    pen = ImageDraw.Draw(canvas)
    for stroke in strokes:
        _draw_stroke(pen, stroke, box)
    mask = np.asarray(canvas.reduce(_OVERSAMPLING), dtype=np.float32) / np.float32(255)
    return mask, box


def _draw_stroke(pen: ImageDraw.ImageDraw, stroke: Stroke, box: Box) -> None:
    points = (stroke.points - np.array([box.x0, box.y0])) * _OVERSAMPLING
    widths = np.linspace(stroke.start_px, stroke.end_px, len(points) - 1) * _OVERSAMPLING
    for (x0, y0), (x1, y1), width in zip(points[:-1], points[1:], widths, strict=True):
        pen.line((x0, y0, x1, y1), fill=255, width=max(1, round(width)))
        pen.circle((x1, y1), width / 2, fill=255)
