"""Which pairs are worth a close look: neighbours among coarse descriptors, without comparing all with all."""

import numpy as np
from numpy.typing import NDArray

from sightline.dataset.duplicates.contrast import even_out, shrink
from sightline.extras import require

_SIDE = 16
_EXACT_BELOW = 4096
_LEAST_SIMILAR = 0.6
_BATCH = 2048


def describe(prints: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Coarse structure of fingerprints uint8 `[N, 96, 96]`: unit vectors float32 `[N, 256]`.

    Crops and shifts by a few per cent hardly move anything at this size, nor does light.
    """
    rows = [_described(prints[start : start + _BATCH]) for start in range(0, len(prints), _BATCH)]
    return np.concatenate(rows) if rows else np.zeros((0, _SIDE * _SIDE), np.float32)


def candidate_pairs(descriptors: NDArray[np.float32], neighbours: int) -> NDArray[np.int64]:
    """Pairs of rows, int64 `[P, 2]`, the smaller first, sorted, each once: every row with its nearest.

    Small sets are searched exactly, larger ones through a graph of neighbours (HNSW, Malkov and Yashunin
    2018), in n log n and on one thread while it grows, so that the same set gives the same pairs.
    """
    count = len(descriptors)
    wanted = min(neighbours, count - 1)
    if wanted < 1:
        return np.zeros((0, 2), np.int64)
    search = _exact_neighbours if count <= _EXACT_BELOW else _graph_neighbours
    found, similarity = search(descriptors, wanted + 1)
    first = np.repeat(np.arange(count), wanted + 1)
    second = found.ravel()
    kept = (first != second) & (similarity.ravel() >= _LEAST_SIMILAR)
    ordered = np.sort(np.stack([first[kept], second[kept]], axis=1), axis=1)
    pairs: NDArray[np.int64] = np.unique(ordered, axis=0).reshape(-1, 2).astype(np.int64)
    return pairs


def _described(prints: NDArray[np.uint8]) -> NDArray[np.float32]:
    factor = prints.shape[1] // (2 * _SIDE)
    even = even_out(shrink(prints, factor), detail_px=4.0, window_px=4.0)
    flat = shrink(even, 2).reshape(len(prints), -1)
    flat = flat - flat.mean(1, keepdims=True)
    unit: NDArray[np.float32] = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return unit


def _exact_neighbours(
    descriptors: NDArray[np.float32], wanted: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    similarity = descriptors @ descriptors.T
    found = np.argpartition(-similarity, wanted - 1, axis=1)[:, :wanted]
    return found, np.take_along_axis(similarity, found, axis=1)


def _graph_neighbours(
    descriptors: NDArray[np.float32], wanted: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    index = require("usearch.index").Index(
        ndim=descriptors.shape[1],
        metric="ip",
        dtype="f16",
        connectivity=16,
        expansion_add=64,
        expansion_search=64,
    )
    index.add(np.arange(len(descriptors)), descriptors, threads=1)
    matches = index.search(descriptors, wanted)
    return matches.keys.astype(np.int64), 1 - matches.distances
