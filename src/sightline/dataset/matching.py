"""Which row of one data set is which row of another: by content, else by path."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sightline.dataset.table import Dataset

Rows = NDArray[np.int64]
_ABSENT = -1


@dataclass(frozen=True)
class Matching:
    """Rows of `a` and of `b` that are the same sample.

    pairs
        int64 `[P, 2]`: a row of each, sorted by that of `b`.
    is_moved, is_changed
        bool `[P]`: the path differs, or the content.
    only_a, only_b
        int64: rows without a partner, ascending.
    """

    pairs: Rows
    is_moved: NDArray[np.bool_]
    is_changed: NDArray[np.bool_]
    only_a: Rows
    only_b: Rows


def match_rows(a: Dataset, b: Dataset) -> Matching:
    """Match first by path and content, then by content (copies in the order of their paths), then by path."""
    paths_a, paths_b = _first_rows(a.table["path"], b.table["path"])
    contents_a, contents_b = _first_rows(a.table["sha256"], b.table["sha256"])
    partner = _partner_by_path(paths_a, paths_b)
    padded = np.append(contents_a, _ABSENT)  # where -1 points to
    partner_of = np.where((partner >= 0) & (padded[partner] == contents_b), partner, _ABSENT)
    free_a = _without(len(a), partner_of)
    free_b = np.flatnonzero(partner_of < 0)
    of_a, of_b = _pair_by_content(contents_a[free_a], contents_b[free_b])
    partner_of[free_b[of_b]] = free_a[of_a]
    taken = np.zeros(len(a) + 1, np.bool_)
    taken[partner_of] = True
    by_path = (partner_of < 0) & (partner >= 0) & ~taken[partner]
    partner_of[by_path] = partner[by_path]
    rows_b = np.flatnonzero(partner_of >= 0)
    rows_a = partner_of[rows_b]
    return Matching(
        pairs=np.column_stack([rows_a, rows_b]),
        is_moved=paths_a[rows_a] != paths_b[rows_b],
        is_changed=contents_a[rows_a] != contents_b[rows_b],
        only_a=_without(len(a), partner_of),
        only_b=np.flatnonzero(partner_of < 0),
    )


def common_codes(a: pa.ChunkedArray, b: pa.ChunkedArray) -> tuple[Rows, Rows]:
    """The cells of two columns as numbers, int64, equal where the cells are; -1 for null."""
    both = pc.dictionary_encode(pa.chunked_array([*a.chunks, *b.chunks], a.type))
    codes = np.concatenate(
        [np.empty(0, np.int64)]
        + [
            pc.fill_null(chunk.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
            for chunk in both.chunks
        ]
    )
    pa.default_memory_pool().release_unused()
    return codes[: len(a)], codes[len(a) :]


def _first_rows(a: pa.ChunkedArray, b: pa.ChunkedArray) -> tuple[Rows, Rows]:
    """For the cells of both columns the first row of `a` with the same, int64; -1 where there is none.

    Serves as a common code for what may be in both, and takes half the memory of one.
    """
    found = pc.index_in(pa.chunked_array([*a.chunks, *b.chunks], a.type), value_set=a)
    rows: Rows = pc.fill_null(found, _ABSENT).to_numpy().astype(np.int64)
    pa.default_memory_pool().release_unused()
    return rows[: len(a)], rows[len(a) :]


def _partner_by_path(paths_a: Rows, paths_b: Rows) -> Rows:
    """For each row of `b` the row of `a` with its path, or -1."""
    row_of = np.full(len(paths_a) + 1, _ABSENT)  # -1 finds the last, which stays absent
    row_of[paths_a] = np.arange(len(paths_a))
    return row_of[paths_b]


def _pair_by_content(contents_a: Rows, contents_b: Rows) -> tuple[Rows, Rows]:
    """Positions in both: the first of a content with the first, the second with the second."""
    ranks_a, ranks_b = _ranks(contents_a), _ranks(contents_b)
    width = int(max(ranks_a.max(initial=0), ranks_b.max(initial=0))) + 1
    _, of_a, of_b = np.intersect1d(
        contents_a * width + ranks_a, contents_b * width + ranks_b, assume_unique=True, return_indices=True
    )
    return of_a, of_b


def _ranks(codes: Rows) -> Rows:
    """How many equal codes come before each."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    ranks = np.empty(len(codes), np.int64)
    ranks[order] = np.arange(len(codes)) - np.searchsorted(ordered, ordered)
    return ranks


def _without(rows: int, taken: Rows) -> Rows:
    free = np.ones(rows + 1, np.bool_)
    free[taken] = False
    return np.flatnonzero(free[:rows])
