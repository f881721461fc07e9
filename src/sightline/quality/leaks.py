"""The same thing in two splits, which makes figures better than the model is."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Dataset
from sightline.dataset.duplicates import NearDuplicates
from sightline.dataset.sample import SPLITS
from sightline.pages import counted
from sightline.quality.copies import different_pairs
from sightline.quality.found import Found, RowFindings
from sightline.quality.identity import Codes, Identity

_RANKED = tuple(split for split in SPLITS if split != "excluded")
_TIES = ("the same picture", "nearly the same picture", "the same group")
_Leaks = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def split_ranks(dataset: Dataset) -> NDArray[np.int64]:
    """0 train, 1 val, 2 calibration, 3 test; -1 for a row in none of them. int64 `[N]`."""
    splits = dataset.table["split"].to_pylist()
    rank_of = {split: rank for rank, split in enumerate(_RANKED)}
    return np.array([rank_of.get(split, -1) for split in splits], np.int64)


def find_leaks(dataset: Dataset, same: Identity, near: NearDuplicates | None) -> Iterator[Found]:
    """Each picture that has a twin in an earlier split, of train, val, calibration and test in this order.

    A twin is the same picture, a near duplicate, or one of the same group; only the closest tie is listed.
    """
    ranks = split_ranks(dataset)
    ties = [_through_codes(same.content, ranks, 1.0)]
    ties.append(_none() if near is None else _through_pairs(*different_pairs(near, same.content), ranks))
    ties.append(_through_codes(same.group, ranks, np.nan))
    tie = np.repeat(np.arange(len(ties)), [len(rows) for rows, _, _ in ties])
    rows, others, values = (np.concatenate(columns) for columns in zip(*ties, strict=True))
    rows, closest = np.unique(rows, return_index=True)
    if not len(rows):
        return
    others, values, tie = others[closest], values[closest], tie[closest]
    order = np.lexsort((rows, -np.nan_to_num(values), tie))
    yield Found(
        "leaks",
        "error",
        f"With a twin in another split: {_shares(ranks, rows)}. The figures measured there flatter.",
        "Split again, with groups and near duplicates kept together, or remove the twins.",
        RowFindings(
            dataset,
            rows[order],
            lambda index: _TIES[tie[order[index]]],
            others=others[order],
            values=values[order],
        ),
    )


def _through_codes(codes: Codes, ranks: NDArray[np.int64], value: float) -> _Leaks:
    """Rows that share a number with a row of an earlier split."""
    rows = np.flatnonzero((codes >= 0) & (ranks >= 0))
    rows = rows[np.lexsort((rows, ranks[rows], codes[rows]))]
    _, start, inverse = np.unique(codes[rows], return_index=True, return_inverse=True)
    others = rows[start][inverse]
    later = ranks[rows] > ranks[others]
    return rows[later], others[later], np.full(int(np.count_nonzero(later)), value)


def _through_pairs(
    pairs: NDArray[np.int64], similarity: NDArray[np.float64], ranks: NDArray[np.int64]
) -> _Leaks:
    rank = ranks[pairs]
    crossing = (rank.min(axis=1, initial=len(_RANKED)) >= 0) & (rank[:, 0] != rank[:, 1])
    pairs, rank, similarity = pairs[crossing], rank[crossing], similarity[crossing]
    swap = rank[:, 0] > rank[:, 1]
    rows, others = np.where(swap, pairs[:, 0], pairs[:, 1]), np.where(swap, pairs[:, 1], pairs[:, 0])
    order = np.argsort(-similarity, kind="stable")
    return rows[order], others[order], similarity[order]


def _none() -> _Leaks:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)


def _shares(ranks: NDArray[np.int64], rows: NDArray[np.int64]) -> str:
    parts = []
    for rank, split in enumerate(_RANKED):
        leaking, total = int(np.count_nonzero(ranks[rows] == rank)), int(np.count_nonzero(ranks == rank))
        if leaking:
            parts.append(f"{leaking:,} of {counted(total, f'{split} picture')}")
    return " and ".join(parts)
