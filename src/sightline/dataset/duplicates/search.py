"""Near duplicates among many pictures: a coarse sieve, then a close look at what it leaves."""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sightline.dataset.duplicates.agreement import agreement
from sightline.dataset.duplicates.alignment import coarse_placement, move, refine
from sightline.dataset.duplicates.candidates import candidate_pairs, describe
from sightline.dataset.duplicates.contrast import Stack, even_out, shrink
from sightline.dataset.duplicates.pairs import NearDuplicates
from sightline.extras import require
from sightline.parallel import Progress, in_order

Rows = NDArray[np.int64]

SIMILAR_ENOUGH = 0.35
_NEIGHBOURS = 6
_BATCH = 16  # pairs at a time: what they need then fits into the cache of a core
_COARSE = 3  # 96 px to 32 px
_REACH_PX = 5
_OUTLINE_AGREES = 0.4


def find_near_duplicates(
    prints: NDArray[np.uint8],
    *,
    threshold: float = SIMILAR_ENOUGH,
    workers: int | None = None,
    progress: Progress | None = None,
) -> NearDuplicates:
    """Find pictures that show the same, from fingerprints uint8 `[N, 96, 96]`.

    Sees through recompression, resizing, crops and shifts by a few per cent, exposure, gamma, slight blur, and
    another shot of the same piece from the same place. Does not look for turned or mirrored copies, and does
    not see colour.

    threshold
        The least `agreement` of a pair, 0 to 1. Different pieces of one make reach 0.2; shots of one and the
        same piece lie mostly above 0.6.
    """
    # Each worker computes by itself; the threads of the matrix library would only get in their way.
    with require("threadpoolctl").threadpool_limits(1):
        pairs = candidate_pairs(describe(prints), _NEIGHBOURS)
        batches = [pairs[start : start + _BATCH] for start in range(0, len(pairs), _BATCH)]
        look = partial(_similarity, prints)
        looked = list(in_order(look, batches, workers=workers, progress=progress))
    similarity = np.concatenate(looked) if looked else np.zeros(0, np.float32)
    found = similarity >= threshold
    return NearDuplicates(pairs[found], similarity[found], clusters_of(pairs[found], len(prints)))


def clusters_of(pairs: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """What pairs `[P, 2]` tie together among `count` rows: int64 `[count]`, -1 for a row in no pair.

    Clusters are numbered from 0 in the order of their first rows.
    """
    joined = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, part = connected_components(joined, directed=False)
    clusters = np.full(count, -1, np.int64)
    rows = np.unique(pairs)
    _, first, which = np.unique(part[rows], return_index=True, return_inverse=True)
    clusters[rows] = np.argsort(np.argsort(first))[which]
    return clusters


def _similarity(prints: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.float32]:
    """The agreement of each pair at its best placement: float32 `[P]`; 0 where the outlines rule it out."""
    rows, where = np.unique(pairs, return_inverse=True)
    pictures = np.asarray(prints[rows])
    structure = even_out(pictures, detail_px=4.0, window_px=7.0)
    levels = _Levels(shrink(structure, _COARSE), structure, even_out(pictures, detail_px=2.0, window_px=4.0))
    left, right = _by_content(pictures, where.reshape(-1, 2)).T
    similarity = _looked_at(levels, left, right)
    # A crop is found more surely from its own side: all of it has a counterpart in the whole picture.
    doubtful = np.flatnonzero(similarity < SIMILAR_ENOUGH)
    if len(doubtful):
        turned = _looked_at(levels, right[doubtful], left[doubtful])
        similarity[doubtful] = np.maximum(similarity[doubtful], turned)
    return similarity


class _Levels(NamedTuple):
    """A few pictures at growing detail, each float32 `[N, S, S]`."""

    outline: Stack
    structure: Stack
    grain: Stack


def _looked_at(levels: _Levels, first: Rows, second: Rows) -> NDArray[np.float32]:
    placement, alike = _outlines_placed(levels.outline[first], levels.outline[second])
    similarity = np.zeros(len(first), np.float32)
    chosen = np.flatnonzero(alike >= _OUTLINE_AGREES)
    if len(chosen):
        first, second, placement = first[chosen], second[chosen], placement[chosen]
        placement[:, [1, 3]] *= _COARSE
        structure = levels.structure
        placement = refine(structure[first], structure[second], placement, steps=6, tolerance=1.5)
        moved, inside = move(levels.grain[second], placement)
        similarity[chosen] = agreement(levels.grain[first], moved, inside, block_px=12, quantile=0.3)
    return similarity


def _outlines_placed(first: Stack, second: Stack) -> tuple[Stack, NDArray[np.float32]]:
    """The better of two placements, and how far the outlines agree there.

    One begins where correlation is highest, which on a woven or brushed surface may be a thread too far; the
    other where nothing was moved.
    """
    unmoved = np.tile(np.array([1, 0, 1, 0], np.float32), (len(first), 1))
    best, alike = unmoved, np.full(len(first), -np.inf, np.float32)
    for start in (coarse_placement(first, second, _REACH_PX), unmoved):
        placement = refine(first, second, start, steps=6, tolerance=0.7)
        moved, inside = move(second, placement)
        agreed = agreement(first, moved, inside, block_px=8, quantile=0.5)
        better = agreed > alike
        best = np.where(better[:, None], placement, best)
        alike = np.where(better, agreed, alike)
    return best, alike


def _by_content(pictures: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn pairs so that it does not depend on the order of the rows which one is moved onto the other."""
    ordered = sorted(range(len(pictures)), key=lambda row: pictures[row].tobytes())
    return np.take_along_axis(pairs, np.argsort(np.argsort(ordered)[pairs], axis=1), axis=1)
