"""The table of samples, and the digest that is its version."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sightline.dataset.digest import table_digest
from sightline.dataset.reading.measures import Measures
from sightline.dataset.sample import Quarantined, Sample, Split
from sightline.dataset.sources.store import LocalStore, Store
from sightline.errors import DatasetError

EXTRA_PREFIX = "extra."
SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("group", pa.string()),
        ("split", pa.string()),
        ("fold", pa.int32()),
        ("cluster", pa.int64()),
        ("width_px", pa.int32()),
        ("height_px", pa.int32()),
        ("size_bytes", pa.int64()),
        ("sha256", pa.string()),
    ]
)
MEASURES_SCHEMA = pa.schema(
    [(name, pa.string() if kind is str else pa.float32()) for name, kind in Measures.__annotations__.items()]
)
_FIELDS = tuple(SCHEMA.names)


@dataclass(frozen=True)
class Dataset:
    """Samples that decode, and what was set aside. Immutable; a million rows take about 200 MB.

    store
        Where the files lie; the one thing here that differs between machines.
    labels
        Class names, sorted. A class all of whose pictures are in quarantine is still among them.
    table
        A row a sample, sorted by path, with the columns of `SCHEMA`; then, where the pictures were measured,
        those of `MEASURES_SCHEMA`; then the further columns of the source, as strings, as `extra.<name>`.
    quarantine
        Sorted by path.
    notes
        What to know before trusting figures made from this set, one sentence each.
    """

    store: Store
    labels: tuple[str, ...]
    table: pa.Table
    quarantine: tuple[Quarantined, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        root: Path | Store,
        labels: Sequence[str],
        samples: Sequence[Sample],
        quarantine: Sequence[Quarantined] = (),
        measures: Sequence[Measures] | None = None,
    ) -> Self:
        """Build from records in any order; `measures`, if given, one a sample in the same order."""
        table = pa.table(_columns_of(samples), schema=SCHEMA)
        for name in sorted({name for sample in samples for name in sample.extra}):
            cells = pa.array([sample.extra.get(name) for sample in samples], pa.string())
            table = table.append_column(EXTRA_PREFIX + name, cells)
        if measures is not None:
            for index, column in enumerate(MEASURES_SCHEMA):
                cells = pa.array([row[index] for row in measures], column.type)
                table = table.add_column(len(_FIELDS) + index, column, cells)
        return cls(
            store=LocalStore(root) if isinstance(root, Path) else root,
            labels=tuple(labels),
            table=table.sort_by("path"),
            quarantine=tuple(sorted(quarantine, key=lambda aside: aside.path)),
        )

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def samples(self) -> "Samples":
        """The rows as records, each made when it is asked for."""
        return Samples(self.table)

    def digest(self) -> str:
        """SHA-256 over labels, paths, groups, splits, folds, contents and further columns: 64 hex digits.

        The same for equal data wherever it lies; measures, clusters, quarantine and notes play no part.
        """
        return table_digest(self.table, self.labels, EXTRA_PREFIX)

    def of_split(self, name: Split) -> "Dataset":
        """The same set with only the samples of one split, possibly none; the labels stay."""
        return replace(self, table=self.table.filter(pc.equal(self.table["split"], name)))

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> "Dataset":
        """The same set with only the given rows, which ascend."""
        return replace(self, table=self.table.take(pa.array(rows, pa.int64())))

    def with_columns(self, columns: Mapping[str, Any]) -> "Dataset":
        """The same set with columns of `SCHEMA` replaced, each by a sequence or array of one cell a row."""
        table = self.table
        for name, cells in columns.items():
            index = table.schema.get_field_index(name)
            table = table.set_column(index, SCHEMA.field(name), pa.array(cells, SCHEMA.field(name).type))
        return replace(self, table=table)

    def class_counts(self) -> dict[str, int]:
        """Samples of each class, in the order of the labels; 0 for a class without any."""
        counted = pc.value_counts(pc.list_flatten(self.table["labels"])).to_pylist()
        found = {row["values"]: row["counts"] for row in counted}
        return {label: found.get(label, 0) for label in self.labels}

    def targets(self, labels: Sequence[str] | None = None) -> NDArray[np.int64]:
        """Class indices, int64 `[N]`, in the order of the samples.

        They point into `labels`, those of a bundle for instance, or else into the set's own.

        Raises:
            DatasetError: a sample has several labels, none, or one that is not among `labels`.
        """
        names = self.labels if labels is None else tuple(labels)
        single = pc.equal(pc.list_value_length(self.table["labels"]), 1)
        if not pc.all(single, min_count=0).as_py():
            raise _not_one_label(self.samples[single.index(False).as_py()])
        return self._label_indices(names)

    def multi_hot(self, labels: Sequence[str] | None = None) -> NDArray[np.uint8]:
        """1 where a label is true of a sample, else 0: uint8 `[N, C]`, in the order of the samples.

        The columns are `labels`, those of a bundle for instance, or else the set's own. A sample may have any
        number of labels, also none.

        Raises:
            DatasetError: a sample has a label that is not among `labels`.
        """
        names = self.labels if labels is None else tuple(labels)
        lengths = pc.list_value_length(self.table["labels"]).to_numpy().astype(np.int64)
        hot = np.zeros((len(self), len(names)), np.uint8)
        hot[np.repeat(np.arange(len(self)), lengths), self._label_indices(names)] = 1
        return hot

    def _label_indices(self, names: tuple[str, ...]) -> NDArray[np.int64]:
        """Every label of every sample, one sample after the other, as an index into `names`: int64 `[L]`."""
        column = self.table["labels"]
        found = pc.index_in(pc.list_flatten(column), value_set=pa.array(names, pa.string()))
        if found.null_count:
            row = pc.list_parent_indices(column)[pc.is_null(found).index(True).as_py()].as_py()
            raise _unknown_label(self.samples[row], names)
        indices: NDArray[np.int64] = found.to_numpy().astype(np.int64)
        return indices


class Samples(Sequence[Sample]):
    """The rows of a table as records. Walking through them is quick; they are not kept."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> "Samples": ...
    def __getitem__(self, index: int | slice) -> "Sample | Samples":
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step == 1:
                return Samples(self._table.slice(start, max(0, stop - start)))
            return Samples(self._table.take(list(range(start, stop, step))))
        where = index + len(self) if index < 0 else index
        if not 0 <= where < len(self):
            raise IndexError(index)
        return next(iter(Samples(self._table.slice(where, 1))))

    def __iter__(self) -> Iterator[Sample]:
        extra = [name for name in self._table.column_names if name.startswith(EXTRA_PREFIX)]
        for batch in self._table.select([*_FIELDS, *extra]).to_batches(max_chunksize=4096):
            columns = (column.to_pylist() for column in batch.columns)
            for path, labels, group, split, fold, cluster, width, height, size, sha256, *cells in zip(
                *columns, strict=True
            ):
                kept = {
                    name.removeprefix(EXTRA_PREFIX): cell
                    for name, cell in zip(extra, cells, strict=True)
                    if cell is not None
                }
                yield Sample(
                    path, tuple(labels), group, split, width, height, size, sha256, fold, cluster, kept
                )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


def _columns_of(samples: Sequence[Sample]) -> dict[str, list[Any]]:
    return {name: [getattr(sample, name) for sample in samples] for name in _FIELDS}


def _not_one_label(sample: Sample) -> DatasetError:
    has = f"{len(sample.labels)} labels ({', '.join(sample.labels)})" if sample.labels else "no label"
    return DatasetError(
        f"'{sample.path}' has {has} where one is needed. Give every picture one label, or train with "
        "task=multilabel in the recipe, where any number of labels may be true of a picture."
    )


def _unknown_label(sample: Sample, names: Sequence[str]) -> DatasetError:
    unknown = next(label for label in sample.labels if label not in names)
    return DatasetError(
        f"'{sample.path}' has the label '{unknown}', which is none of {', '.join(names)}. "
        "Rename its class, or leave it out."
    )
