"""Splits that stay: which row of an earlier table a row was."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sightline.dataset.sample import SPLITS
from sightline.dataset.table import Dataset
from sightline.errors import DatasetError

NEW = -1
Rows = NDArray[np.int64]
"""What `earlier_rows` gives; it is found once and asked for much."""


def earlier_rows(dataset: Dataset, earlier: Dataset | None) -> NDArray[np.int64]:
    """For each sample its row in the earlier table, int64 `[N]`; `NEW` where there is none.

    Found by path and content, else by content, else by path. A further copy of an unchanged sample is new.

    Raises:
        DatasetError: the earlier table has no splits.
    """
    if earlier is None:
        return np.full(len(dataset), NEW, np.int64)
    if earlier.table["split"].null_count == len(earlier):
        raise DatasetError("The earlier table has no splits to keep. Give one that has been split, or none.")
    by_path = _rows_of(dataset, earlier, "path")
    by_content = _rows_of(dataset, earlier, "sha256")
    there = by_path != NEW
    contents = earlier.table["sha256"].take(pa.array(np.where(there, by_path, 0)))
    unchanged = there & pc.equal(contents, dataset.table["sha256"]).to_numpy()
    pa.default_memory_pool().release_unused()
    claimed = np.zeros(len(earlier) + 1, np.bool_)
    claimed[by_path[unchanged]] = True
    # A copy of what is still there is new, and tied to it by its content.
    by_content[~there & claimed[by_content]] = NEW
    return np.where(unchanged | (by_content == NEW), by_path, by_content)


def changed_rows(dataset: Dataset, earlier: Dataset | None, rows: Rows) -> NDArray[np.bool_]:
    """Which samples were in the earlier table under the same path but with other content, bool `[N]`."""
    if earlier is None:
        return np.zeros(len(dataset), np.bool_)
    before = earlier.table["sha256"].take(pa.array(np.where(rows == NEW, 0, rows)))
    changed: NDArray[np.bool_] = (rows != NEW) & ~pc.equal(before, dataset.table["sha256"]).to_numpy()
    return changed


def earlier_notes(dataset: Dataset, earlier: Dataset | None, rows: Rows) -> tuple[str, ...]:
    """How much of an earlier split was found again, and what that means for what is asked for now."""
    if earlier is None:
        return ()
    kept = int((rows != NEW).sum())
    if not kept:
        return ("Not one picture is in the earlier table: it seems to be that of another set.",)
    gone = len(earlier) - len(np.unique(rows[rows != NEW]))
    lost = f" {gone:,} of the earlier ones are missing now, and lose their place." if gone else ""
    return (
        f"{kept:,} of {len(dataset):,} pictures stay where an earlier split put them, whatever shares, folds and seed "
        f"are asked for now; only the others are dealt.{lost}",
    )


def earlier_sides(dataset: Dataset, earlier: Dataset | None, rows: Rows) -> NDArray[np.int64]:
    """For each sample its split in the earlier table as an index into `SPLITS`, int64 `[N]`; -1 without one."""
    if earlier is None:
        return rows
    return np.where(rows == NEW, -1, split_codes(earlier)[rows])


def earlier_folds(dataset: Dataset, earlier: Dataset | None, rows: Rows) -> NDArray[np.int64]:
    """For each sample its own fold, else that in the earlier table, int64 `[N]`; -1 without one."""
    own = fold_codes(dataset)
    if earlier is None or earlier.table["fold"].null_count == len(earlier):
        return own
    return np.where((own >= 0) | (rows == NEW), own, fold_codes(earlier)[rows])


def split_codes(dataset: Dataset) -> NDArray[np.int64]:
    """The split of each sample as an index into `SPLITS`, int64 `[N]`; -1 for None."""
    found = pc.index_in(dataset.table["split"], value_set=pa.array(SPLITS, pa.string()))
    codes: NDArray[np.int64] = pc.fill_null(found, -1).to_numpy().astype(np.int64)
    return codes


def fold_codes(dataset: Dataset) -> NDArray[np.int64]:
    """The fold of each sample, int64 `[N]`; -1 for None."""
    folds: NDArray[np.int64] = pc.fill_null(dataset.table["fold"], -1).to_numpy().astype(np.int64)
    return folds


def _rows_of(dataset: Dataset, earlier: Dataset, column: str) -> NDArray[np.int64]:
    found = pc.index_in(dataset.table[column], value_set=earlier.table[column])
    rows: NDArray[np.int64] = pc.fill_null(found, NEW).to_numpy().astype(np.int64)
    return rows
