"""What changed between two versions of a data set: rows, labels, groups, splits, and what the pictures are like."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sightline.dataset.matching import Matching, common_codes, match_rows
from sightline.dataset.shifts import CountShift, ValueShift, class_shift, split_shift, value_shifts
from sightline.dataset.table import Dataset
from sightline.records import Frozen


class DifferenceRecord(Frozen):
    """A difference written down: counts of all, and the first rows of each kind of change as records."""

    digest_a: str
    digest_b: str
    rows_a: int
    rows_b: int
    is_same: bool
    counts: dict[str, int]
    examples: dict[str, list[dict[str, str | list[str] | None]]]
    classes: CountShift
    splits: CountShift
    values: tuple[ValueShift, ...]


@dataclass(frozen=True)
class Difference:
    """What leads from data set `a` to data set `b`. The changes are tables, a row a sample, sorted by its path.

    digest_a, digest_b, rows_a, rows_b
        Of the two sets.
    added, removed
        `path`, `labels`, `group`, `split`: samples of one set only.
    moved
        `path_a`, `path_b`: the same content under another path.
    changed
        `path`, `sha256_a`, `sha256_b`: the same path with other content.
    relabelled, regrouped, resplit
        `path`, and `labels_a`, `labels_b` and so on: samples of both sets, by content or else by path.
        `resplit` has the folds too.
    classes, splits
        Samples of each in both sets, and how far their distribution has shifted.
    values
        The same for image size and the measured columns that both sets have.
    """

    digest_a: str
    digest_b: str
    rows_a: int
    rows_b: int
    added: pa.Table
    removed: pa.Table
    moved: pa.Table
    changed: pa.Table
    relabelled: pa.Table
    regrouped: pa.Table
    resplit: pa.Table
    classes: CountShift
    splits: CountShift
    values: tuple[ValueShift, ...]

    @property
    def is_same(self) -> bool:
        """Whether the two have the same digest."""
        return self.digest_a == self.digest_b

    def changes(self) -> dict[str, pa.Table]:
        """The tables of changes by name."""
        names = ("added", "removed", "moved", "changed", "relabelled", "regrouped", "resplit")
        return {name: getattr(self, name) for name in names}

    def record(self, at_most: int = 20) -> DifferenceRecord:
        """What can be dumped as JSON; of each kind of change only the first `at_most` rows."""
        changes = self.changes()
        return DifferenceRecord(
            digest_a=self.digest_a,
            digest_b=self.digest_b,
            rows_a=self.rows_a,
            rows_b=self.rows_b,
            is_same=self.is_same,
            counts={name: rows.num_rows for name, rows in changes.items()},
            examples={name: rows.slice(0, at_most).to_pylist() for name, rows in changes.items()},
            classes=self.classes,
            splits=self.splits,
            values=self.values,
        )


def diff_datasets(a: Dataset, b: Dataset) -> Difference:
    """Compare two versions of a data set, `a` the earlier one.

    A sample of `a` and one of `b` are the same if path and content agree, else if the content does, else if
    the path does. Files are not opened, and where they lie plays no part.
    """
    matching = match_rows(a, b)
    before, after = matching.pairs.T
    return Difference(
        digest_a=a.digest(),
        digest_b=b.digest(),
        rows_a=len(a),
        rows_b=len(b),
        added=_rows(b, matching.only_b),
        removed=_rows(a, matching.only_a),
        moved=_moved(a, b, matching),
        changed=_changed(a, b, matching),
        relabelled=_altered(a, b, ("labels",), before, after),
        regrouped=_altered(a, b, ("group",), before, after),
        resplit=_altered(a, b, ("split", "fold"), before, after),
        classes=class_shift(a, b),
        splits=split_shift(a, b),
        values=value_shifts(a, b),
    )


def _rows(dataset: Dataset, rows: NDArray[np.int64]) -> pa.Table:
    return dataset.table.select(["path", "labels", "group", "split"]).take(pa.array(rows))


def _moved(a: Dataset, b: Dataset, matching: Matching) -> pa.Table:
    before, after = matching.pairs[matching.is_moved].T
    return pa.table({"path_a": _cells(a, "path", before), "path_b": _cells(b, "path", after)})


def _changed(a: Dataset, b: Dataset, matching: Matching) -> pa.Table:
    before, after = matching.pairs[matching.is_changed].T
    contents = {"sha256_a": _cells(a, "sha256", before), "sha256_b": _cells(b, "sha256", after)}
    return pa.table({"path": _cells(b, "path", after), **contents})


def _altered(
    a: Dataset, b: Dataset, columns: Sequence[str], before: NDArray[np.int64], after: NDArray[np.int64]
) -> pa.Table:
    """Pairs of which one of the columns differs, with both values of each as text."""
    differs = np.zeros(len(before), np.bool_)
    for column in columns:
        codes_a, codes_b = common_codes(_comparable(a, column), _comparable(b, column))
        differs |= codes_a[before] != codes_b[after]
    before, after = before[differs], after[differs]
    cells = {"path": _cells(b, "path", after)}
    for column in columns:
        for name, dataset, rows in ((f"{column}_a", a, before), (f"{column}_b", b, after)):
            found = _cells(dataset, column, rows)
            cells[name] = pc.cast(found, pa.string()) if column == "fold" else found
    return pa.table(cells)


def _comparable(dataset: Dataset, column: str) -> pa.ChunkedArray:
    cells = dataset.table[column]
    return pc.binary_join(cells, "\0") if column == "labels" else cells


def _cells(dataset: Dataset, column: str, rows: NDArray[np.int64]) -> pa.ChunkedArray:
    return dataset.table[column].take(pa.array(rows))
