"""Which rows are the same picture, and which belong to one independent unit."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from sightline.dataset import Dataset
from sightline.dataset.duplicates import NearDuplicates
from sightline.dataset.splits import same_pictures, sample_units

Codes = NDArray[np.int64]
"""int64 `[N]`, a number a row: rows with the same number belong together; -1 belongs to nobody."""


@dataclass(frozen=True)
class Identity:
    """What rows have in common.

    file
        Rows with the same bytes.
    content
        Rows with the same bytes or the same pixels. Every row has a number in both.
    label
        Rows with the same labels.
    group
        Those of the data set.
    unit
        Everything that shows the same thing: one content, group or cluster of near duplicates, reaching through
        one another, as splits keep it together. Every row has one.
    """

    file: Codes
    content: Codes
    label: Codes
    group: Codes
    unit: Codes


def identify(dataset: Dataset, near: NearDuplicates | None) -> Identity:
    """Number the rows of a data set; without `near`, clusters are those that the data set knows itself, if any."""
    table = dataset.table
    clusters = () if near is None else (near.clusters,)
    return Identity(
        file=codes_of(table["sha256"]),
        content=same_pictures(table),
        label=codes_of(pc.binary_join(table["labels"], "\x1f")),
        group=codes_of(table["group"]),
        unit=sample_units(table, *clusters),
    )


def is_measured(dataset: Dataset) -> bool:
    """Whether the pictures were measured when they were read."""
    return "pixels_digest" in dataset.table.column_names


def codes_of(column: Any) -> Codes:
    """A number for each different value; -1 for null."""
    if len(column) == 0:
        return np.empty(0, np.int64)
    encoded = column.combine_chunks().dictionary_encode()
    indices = encoded.indices if not hasattr(encoded, "chunks") else encoded.chunk(0).indices
    codes: Codes = pc.fill_null(indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def sizes_of(codes: Codes) -> NDArray[np.int64]:
    """How many rows share each row's number: int64 `[N]`; all codes are 0 or more."""
    return np.bincount(codes)[codes].astype(np.int64) if len(codes) else codes
