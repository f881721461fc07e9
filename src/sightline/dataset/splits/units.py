"""What belongs together: samples tied by a group, the same file, the same pixels or a cluster.

The one definition of it: splits and folds part no unit, counts of independent pictures count units, and a label
is judged by other units.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

NO_UNIT = -1
_TYING = ("group", "sha256", "pixels_digest", "cluster")
_SAME_PICTURE = ("sha256", "pixels_digest")
Codes = NDArray[np.int64]


def sample_units(table: pa.Table, *further: Codes) -> Codes:
    """The unit of every sample of a table, see `tied_units`; `further` ties count as well."""
    return tied_units([*tie_codes(table), *further], np.ones(table.num_rows, np.bool_))


def same_pictures(table: pa.Table) -> Codes:
    """The same number for samples of the same bytes or the same pixels, int64 `[N]`, by their first row."""
    return tied_units(tie_codes(table, _SAME_PICTURE), np.ones(table.num_rows, np.bool_))


def tie_codes(table: pa.Table, columns: Sequence[str] = _TYING) -> list[Codes]:
    """For each column that ties, int64 `[N]`: rows of the same number belong together; -1: tied to nothing.

    Values that stand in one row only count as nothing, so that most of it is -1.
    """
    codes = [_codes_of(table[name]) for name in columns if name in table.column_names]
    pa.default_memory_pool().release_unused()
    return codes


def tied_units(ties: Sequence[Codes], taking_part: NDArray[np.bool_]) -> Codes:
    """Units as a number a row, int64 `[N]`, so that no tie reaches from one unit to another.

    Ties reach through one another: a copy of a picture of group A within group B makes both one unit. Rows
    that do not take part tie nothing and have `NO_UNIT`. Units are numbered by their first row.
    """
    rows = len(taking_part)
    if not rows:
        return np.empty(0, np.int64)
    edges = [_edges(np.where(taking_part, codes, -1)) for codes in ties]
    ones, others = (np.concatenate(ends) for ends in zip(*edges, strict=True))
    graph = coo_array((np.ones(len(ones), np.bool_), (ones, others)), shape=(rows, rows))
    _, parts = connected_components(graph, directed=False)
    return numbered_by_first(np.where(taking_part, parts, NO_UNIT))


def numbered_by_first(codes: Codes) -> Codes:
    """The same division of rows with numbers from 0 in the order of first rows; -1 stays."""
    values, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    first[values < 0] = -1
    numbers = np.empty(len(values), np.int64)
    numbers[np.argsort(first)] = np.arange(len(values)) - int((values < 0).sum())
    return numbers[inverse]


def first_rows(codes: Codes) -> Codes:
    """The first row of each number from 0 to the largest, int64 `[U]`."""
    first = np.full(int(codes.max(initial=-1)) + 1, len(codes), np.int64)
    known = np.flatnonzero(codes >= 0)
    first[codes[known[::-1]]] = known[::-1]
    return first


def _codes_of(column: pa.ChunkedArray) -> Codes:
    # The first row with the same cell is as good a number as one of a dictionary, and needs no dictionary.
    found = pc.index_in(column, value_set=column, skip_nulls=True)
    codes = pc.fill_null(found, -1).to_numpy().astype(np.int64)
    known = codes >= 0
    alone = np.bincount(codes[known], minlength=1)[np.where(known, codes, 0)] == 1
    return np.where(known & ~alone, codes, -1)


def _edges(codes: Codes) -> tuple[Codes, Codes]:
    """Each row with a number, and the first row that has it."""
    rows = np.flatnonzero(codes >= 0)
    return rows, first_rows(codes)[codes[rows]]
