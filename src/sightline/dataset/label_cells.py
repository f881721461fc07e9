"""Samples and units by class, within any division of the rows."""

from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from sightline.dataset.table import Dataset


class LabelCells(NamedTuple):
    """Every label of every sample.

    rows, classes
        int64 `[L]`: the row, and the label as an index into those of the data set.
    shape
        Samples and classes.
    """

    rows: NDArray[np.int64]
    classes: NDArray[np.int64]
    shape: tuple[int, int]

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """Of all samples of a data set."""
        column = dataset.table["labels"].combine_chunks()
        found = pc.index_in(column.flatten(), value_set=pa.array(dataset.labels, pa.string()))
        lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
        rows = np.repeat(np.arange(len(dataset)), lengths.astype(np.int64))
        return cls(rows, found.to_numpy().astype(np.int64), (len(dataset), len(dataset.labels)))

    def count_in(self, part_of: NDArray[np.int64], parts: int) -> csr_array:
        """Samples of each class in each part, int64 `[parts, C]`; `part_of` is a number a row, -1 for none."""
        part = part_of[self.rows]
        counted = part >= 0
        ones = np.ones(int(counted.sum()), np.int64)
        cells = coo_array((ones, (part[counted], self.classes[counted])), shape=(parts, self.shape[1]))
        counts = cells.tocsr()
        counts.sort_indices()
        return counts

    def count_units(
        self, units: NDArray[np.int64], taking_part: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Units that each class is in, int64 `[C]`; rows of number -1 or that do not take part are left out."""
        counted = units if taking_part is None else np.where(taking_part, units, -1)
        return np.bincount(
            self.count_in(counted, int(units.max(initial=-1)) + 1).indices, minlength=self.shape[1]
        )

    def columns(self) -> NDArray[np.bool_]:
        """A column a class, true where the sample has it: bool `[N, C]`."""
        columns = np.zeros(self.shape, np.bool_)
        columns[self.rows, self.classes] = True
        return columns
