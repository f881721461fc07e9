"""A piece on its belt, and the shots that are taken of it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.demo.boxes import Box
from sightline.demo.camera import photograph
from sightline.demo.defects import Defect, add_defect
from sightline.demo.noise import smooth_noise
from sightline.demo.options import CameraChange
from sightline.demo.pieces import Piece
from sightline.demo.seeds import random_stream
from sightline.demo.surfaces import Reflectance, make_surface

# A shot sees the scene less this much on each side, so that shots of one piece can differ in position.
_PLAY = 0.03
# The lens smears a defect over its neighbours; boxes allow for that.
_BOX_PADDING_PX = 2


@dataclass(frozen=True, eq=False)
class Picture:
    """A photograph, uint8 `[H, W, 3]`, RGB, with its defects in that picture's pixels."""

    pixels: NDArray[np.uint8]
    defects: tuple[Defect, ...]


@dataclass(frozen=True, eq=False)
class Scene:
    """A piece on the belt, float32 `[H, W, 3]` reflectance, somewhat wider than the camera sees."""

    piece: Piece
    seed: int
    reflectance: Reflectance
    defects: tuple[Defect, ...]


def make_scene(piece: Piece, seed: int, change: CameraChange | None) -> Scene:
    """Lay the piece on the belt. Defects are painted one after the other, each from a stream of its own."""
    play_x, play_y = _play(piece)
    height, width = piece.height_px + 2 * play_y, piece.width_px + 2 * play_x
    rng = random_stream(seed, "surface", piece.index)
    surface = make_surface(piece.surface, height, width, rng)
    _add_dust(surface, rng)
    outline = _outline(height, width, rng)
    area = _inside(outline, (play_x, play_y), width, height)
    defects = tuple(
        add_defect(surface, kind, area, random_stream(seed, "defect", piece.index, number))
        for number, kind in enumerate(piece.defects)
    )
    _lay_on_belt(surface, outline, rng, bright=change == "background")
    return Scene(piece, seed, surface, defects)


def take_shot(scene: Scene, shot: int, change: CameraChange | None) -> Picture:
    """The picture number `shot` of a scene: its own crop, light and noise."""
    piece = scene.piece
    rng = random_stream(scene.seed, "shot", piece.index, shot)
    play_x, play_y = _play(piece)
    left, top = int(rng.integers(0, 2 * play_x + 1)), int(rng.integers(0, 2 * play_y + 1))
    view = scene.reflectance[top : top + piece.height_px, left : left + piece.width_px]
    defects = tuple(
        Defect(defect.kind, _seen(defect.box, left, top).clipped(piece.width_px, piece.height_px))
        for defect in scene.defects
    )
    return Picture(photograph(view, rng, change), defects)


def _play(piece: Piece) -> tuple[int, int]:
    return round(_PLAY * piece.width_px), round(_PLAY * piece.height_px)


def _outline(height: int, width: int, rng: np.random.Generator) -> Box:
    """Where the piece ends: on most sides a strip of belt is left."""
    left, top, right, bottom = np.maximum(rng.uniform(-0.03, 0.11, 4), 0)
    return Box(
        round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height)
    )


def _inside(outline: Box, play: tuple[int, int], width: int, height: int) -> Box:
    """The part of the piece that every shot sees, less a rim for lines' widths and boxes' padding."""
    rim = _BOX_PADDING_PX + math.ceil(0.02 * min(width, height))
    return Box(
        max(outline.x0, 2 * play[0]) + rim,
        max(outline.y0, 2 * play[1]) + rim,
        min(outline.x1, width - 2 * play[0]) - rim,
        min(outline.y1, height - 2 * play[1]) - rim,
    )


def _seen(box: Box, left: int, top: int) -> Box:
    return Box(
        box.x0 - left - _BOX_PADDING_PX,
        box.y0 - top - _BOX_PADDING_PX,
        box.x1 - left + _BOX_PADDING_PX,
        box.y1 - top + _BOX_PADDING_PX,
    )


def _add_dust(surface: Reflectance, rng: np.random.Generator) -> None:
    """Specks on every class alike: not each mark on a piece is a defect."""
    height, width = surface.shape[:2]
    size = max(1, round(min(height, width) / 130))
    for _ in range(int(rng.poisson(4))):
        y, x = int(rng.integers(height - size)), int(rng.integers(width - size))
        surface[y : y + size, x : x + size] *= np.float32(rng.uniform(0.6, 1.5))


def _lay_on_belt(surface: Reflectance, outline: Box, rng: np.random.Generator, *, bright: bool) -> None:
    """Paint the belt around the piece, in place: dark rubber, or the bright blue one that replaced it."""
    height, width = surface.shape[:2]
    grain = 1 + 0.06 * smooth_noise(rng, (height, width), 1.5, 1.5)
    ribs = 1 + 0.12 * np.sin(np.arange(width) * (2 * math.pi / max(4.0, width / 24)))
    grey = rng.uniform(0.08, 0.2)
    colour = np.array([0.35, 0.68, 0.95]) if bright else np.array([grey, grey, grey])
    belt = (grain * ribs)[..., None] * colour
    on_piece = np.zeros((height, width, 1), dtype=bool)
    on_piece[outline.y0 : outline.y1, outline.x0 : outline.x1] = True
    np.copyto(surface, belt.astype(np.float32), where=~on_piece)
