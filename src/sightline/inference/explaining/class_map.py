"""Class-activation maps: what each cell of the feature map adds to a label's score.

Where the logits are a linear layer on the mean of the feature map, they are also the mean over all cells of that
layer on each cell (Zhou et al. 2016, Learning deep features for discriminative localization). Nothing is
estimated: the contributions add up to the score.

One map is coarse, for instance 3 × 3 cells for a picture of 96 pixels, and points no better than the picture's
centre does. So the graph also sees the picture moved by fractions of a cell, and the heat is the mean of all maps,
each moved back (shift and stitch: Long et al. 2015, Fully convolutional networks for semantic segmentation).
"""

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Head
from sightline.inference.engine import Engine
from sightline.inference.explaining.evidence import BATCH, Evidence
from sightline.inference.explaining.grid import interpolate
from sightline.inference.explaining.scoring import scores
from sightline.records import Activation

_STEP_PX = 8
_MOST_STEPS = 4


def class_activation(
    engine: Engine,
    pixels: NDArray[np.uint8],
    head: Head,
    index: int,
    activation: Activation,
    *,
    cells: tuple[int, int],
    tolerance: float,
) -> Evidence:
    """Explain a label's score of pixels uint8 `[H, W, 3]` by class-activation maps.

    cells
        Rows and columns of the feature map.
    tolerance
        How far contributions and score of the picture itself may part, as a share of the largest |logit| (at
        least 1), for the map to be called exact.
    """
    weight, rest = _direction(head, index, activation)
    moves = _moves(pixels.shape[:2], cells)
    logits, maps = _run(engine, pixels, moves, weight)
    own = moves.index((0, 0))
    score = float(scores(logits, index, activation)[own])
    apart = abs(float(maps[own].mean(dtype=np.float64)) + rest - score)
    heat = np.mean(
        [_spread(one, move, pixels.shape[:2]) for one, move in zip(maps, moves, strict=True)], axis=0
    )
    exact = apart <= tolerance * max(1.0, float(np.abs(logits[own]).max()))
    return Evidence(score, maps[own], rest, heat.astype(np.float32), exact, len(moves))


def _direction(head: Head, index: int, activation: Activation) -> tuple[NDArray[np.float32], float]:
    """The weights and the bias that give the score in the place of a logit."""
    if activation == "sigmoid":
        return head.weight[index], float(head.bias[index])
    weight: NDArray[np.float32] = head.weight[index] - head.weight.mean(axis=0)
    return weight, float(head.bias[index] - head.bias.mean(dtype=np.float64))


def _moves(size: tuple[int, ...], cells: tuple[int, ...]) -> list[tuple[int, int]]:
    """By how many rows and columns the picture is moved: steps of about 8 pixels over one cell, none among them."""
    down, across = (_steps(length // count) for length, count in zip(size, cells, strict=True))
    return [(rows, columns) for rows in down for columns in across]


def _steps(cell_px: int) -> list[int]:
    count = min(max(1, round(cell_px / _STEP_PX)), _MOST_STEPS)
    return [(step - count // 2) * cell_px // count for step in range(count)]


def _run(
    engine: Engine, pixels: NDArray[np.uint8], moves: list[tuple[int, int]], weight: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    logits, maps = [], []
    for start in range(0, len(moves), BATCH):
        batch = np.stack([_moved(pixels, move) for move in moves[start : start + BATCH]])
        batch_logits, features = engine.run(batch, ["logits", "feature_map"])
        logits.append(batch_logits)
        maps.append(np.einsum("d,ndhw->nhw", weight, features))
    return np.concatenate(logits), np.concatenate(maps)


def _moved(pixels: NDArray[np.uint8], move: tuple[int, int]) -> NDArray[np.uint8]:
    """Move a picture down and to the right; its outermost rows and columns fill what becomes free."""
    height, width = pixels.shape[:2]
    rows = np.clip(np.arange(height) - move[0], 0, height - 1)
    columns = np.clip(np.arange(width) - move[1], 0, width - 1)
    return pixels[rows[:, np.newaxis], columns]


def _spread(
    contributions: NDArray[np.float32], move: tuple[int, int], size: tuple[int, ...]
) -> NDArray[np.float32]:
    """The map of a moved picture on the pixels of the unmoved one: cells are squares, a value is at its centre."""
    rows, columns = (
        (np.arange(length) + by + 0.5) * cells / length - 0.5
        for length, by, cells in zip(size, move, contributions.shape, strict=True)
    )
    return interpolate(contributions, rows, columns)
