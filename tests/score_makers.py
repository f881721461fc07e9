"""Scores drawn from a known law, for tests of fits."""

import numpy as np
from numpy.typing import NDArray

from sightline.records import Scores


def as_scores(logits: NDArray[np.float64], targets: NDArray[np.int64] | NDArray[np.uint8]) -> Scores:
    rows, labels = logits.shape
    return Scores(
        logits.astype(np.float32),
        np.zeros((rows, 1), np.float32),
        targets,
        tuple(map(str, range(rows))),
        tuple("abcdefghij"[:labels]),
    )


def one_true(
    seed: int, rows: int, classes: int = 4, sharpness: float = 1.0, scale: float = 2.0, offset: float = 0.0
) -> Scores:
    """One true class a row, drawn from softmax(z); stated is sharpness × z, and `offset` more of the first class."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=scale, size=(rows, classes))
    truth = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1).astype(np.int64)
    stated = logits * sharpness
    stated[:, 0] += offset
    return as_scores(stated, truth)


def several_true(
    seed: int, rows: int, labels: int = 3, slopes: float = 1.0, offset: float = 0.0, scale: float = 2.0
) -> Scores:
    """Labels drawn from sigmoid(z); stated is (z − offset) / slopes."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=scale, size=(rows, labels))
    truth = (rng.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(np.uint8)
    return as_scores((logits - offset) / slopes, truth)
