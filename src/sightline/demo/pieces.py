"""The production plan: which piece has which defects, surface, size and split."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sightline.demo.options import DemoOptions
from sightline.demo.seeds import random_stream
from sightline.demo.surfaces import SURFACES, SurfaceKind
from sightline.records import Task

DefectKind = Literal["crack", "hole", "scratch", "stain"]
Split = Literal["train", "val", "test"]
GOOD = "good"
CLASSES = ("crack", "good", "hole", "scratch", "stain")
DEFECTS: tuple[DefectKind, ...] = ("crack", "hole", "scratch", "stain")
# From the commonest to the rarest when classes are out of balance.
_BY_FREQUENCY = ("good", "scratch", "stain", "hole", "crack")
_LARGE_SHARE = 0.01


@dataclass(frozen=True)
class Piece:
    """One piece on the line. `defects` lists every defect by its kind, the one that gives the class first."""

    index: int
    defects: tuple[DefectKind, ...]
    surface: SurfaceKind
    width_px: int
    height_px: int
    split: Split

    @property
    def group(self) -> str:
        """The name that all pictures of this piece share."""
        return piece_name(self.index)

    @property
    def labels(self) -> tuple[str, ...]:
        """What is true of the piece, sorted: its kinds of defects, or `good`."""
        return tuple(sorted(set(self.defects))) or (GOOD,)


def labels_of(piece: Piece, task: Task) -> tuple[str, ...]:
    """How a picture of the piece is labelled, sorted; a sound piece has no label where several may be true."""
    return tuple(sorted(set(piece.defects))) if task == "multilabel" else piece.labels


def piece_name(index: int) -> str:
    """The name of a group: that of a piece, real or pretended."""
    return f"piece{index:05d}"


def plan_pieces(options: DemoOptions, count: int) -> list[Piece]:
    """The first `count` pieces; a longer plan begins with the shorter one."""
    steps = len(_BY_FREQUENCY) - 1
    weights = [options.imbalance ** (-step / steps) for step in range(steps + 1)]
    shares = (1 - options.val - options.test, options.val, options.test)
    splits = {label: _take_turns(shares) for label in CLASSES}
    classes = _take_turns(weights)
    pieces = []
    for index in range(count):
        label = _BY_FREQUENCY[next(classes)]
        split: Split = ("train", "val", "test")[next(splits[label])]
        pieces.append(_make_piece(options, index, label, split))
    return pieces


def _take_turns(weights: Sequence[float]) -> Iterator[int]:
    """Indices in proportion to their weights, at every length of the sequence (smooth round robin)."""
    total = sum(weights)
    credit = [0.0] * len(weights)
    while True:
        for index, weight in enumerate(weights):
            credit[index] += weight
        chosen = max(range(len(weights)), key=credit.__getitem__)
        credit[chosen] -= total
        yield chosen


def _make_piece(options: DemoOptions, index: int, label: str, split: Split) -> Piece:
    rng = random_stream(options.seed, "piece", index)
    surface = SURFACES[rng.integers(len(SURFACES))]
    width, height = _draw_size(rng)
    number = int(rng.choice((1, 2, 3), p=(0.6, 0.3, 0.1)))
    also = DEFECTS[rng.integers(len(DEFECTS))]
    mixed = options.layout == "metadata" and rng.random() < options.mixed
    first = [kind for kind in DEFECTS if kind == label] * number
    defects = (*first, also) if first and mixed else tuple(first)
    return Piece(index, defects, surface, width, height, split)


def _draw_size(rng: np.random.Generator) -> tuple[int, int]:
    """Width and height: sides of 140 to 320 px at mixed aspect, one in a hundred four times as large."""
    short = rng.uniform(140, 240)
    long = short * rng.uniform(1.0, 1.34)
    scale = 4.0 if rng.random() < _LARGE_SHARE else 1.0
    upright = rng.random() < 0.3
    width, height = (short, long) if upright else (long, short)
    return round(scale * width), round(scale * height)
