"""Which rows are the same picture, and which belong to one independent unit."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from sightline.dataset import Dataset
from sightline.dataset.duplicates import NearDuplicates

Codes = NDArray[np.int64]
"""int64 `[N]`, a number a row: rows with the same number belong together; -1 belongs to nobody."""


@dataclass(frozen=True)
class Identity:
    """What rows have in common.

    file
        Rows with the same bytes.
    content
        Rows with the same bytes, or whose pixels and size are the same. Every row has a number in both.
    label
        Rows with the same labels.
    group
        Those of the data set.
    unit
        Everything that shows the same thing: one content, group or cluster of near duplicates, reaching through
        one another. Every row has one: the least row of its unit.
    """

    file: Codes
    content: Codes
    label: Codes
    group: Codes
    unit: Codes


def identify(dataset: Dataset, near: NearDuplicates | None) -> Identity:
    """Number the rows of a data set; without `near`, units are contents and groups only."""
    table = dataset.table
    file = codes_of(table["sha256"])
    content = joined(file, _pixels(dataset)) if is_measured(dataset) else file
    group = codes_of(table["group"])
    clusters = [] if near is None else [near.clusters]
    label = codes_of(pc.binary_join(table["labels"], "\x1f"))
    return Identity(file, content, label, group, joined(content, group, *clusters))


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


def joined(*partitions: Codes) -> Codes:
    """The finest partition that is coarser than all of these: each row's number is the least row of its part.

    Every round takes the least number over each part of each partition, then that of the row so reached, so
    that even long chains of parts are joined in a few rounds.
    """
    label = np.arange(len(partitions[0]), dtype=np.int64)
    while len(label):
        before = label
        for codes in partitions:
            tied = codes >= 0
            least = np.full(int(codes.max()) + 1, len(label), np.int64)
            np.minimum.at(least, codes[tied], label[tied])
            label = label.copy()
            label[tied] = least[codes[tied]]
        label = label[label]
        if np.array_equal(label, before):
            break
    return label


def sizes_of(codes: Codes) -> NDArray[np.int64]:
    """How many rows share each row's number: int64 `[N]`; all codes are 0 or more."""
    return np.bincount(codes)[codes].astype(np.int64) if len(codes) else codes


def _pixels(dataset: Dataset) -> Codes:
    columns = [dataset.table["pixels_digest"]]
    columns += [pc.cast(dataset.table[name], "string") for name in ("width_px", "height_px")]
    return codes_of(pc.binary_join_element_wise(*columns, "-"))
