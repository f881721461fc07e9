"""Which samples may not vouch for one another: those of one group, one near-duplicate cluster, one content."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Dataset, Sample
from sightline.extras import require


def unit_numbers(dataset: Dataset) -> NDArray[np.int64]:
    """A number a sample, int64 `[N]`, equal for samples that are tied, however many ties lie between them.

    Raises:
        MissingExtra: SciPy is not installed.
    """
    sparse = require("scipy.sparse")
    number_of: dict[tuple[str, str | int], int] = {}
    rows, ties = [], []
    for row, sample in enumerate(dataset.samples):
        for tie in _ties(sample):
            rows.append(row)
            ties.append(len(dataset) + number_of.setdefault(tie, len(number_of)))
    size = len(dataset) + len(number_of)
    graph = sparse.coo_array((np.ones(len(rows), np.int8), (rows, ties)), shape=(size, size))
    _, parts = require("scipy.sparse.csgraph").connected_components(graph, directed=False)
    numbers: NDArray[np.int64] = parts[: len(dataset)].astype(np.int64)
    return numbers


def _ties(sample: Sample) -> Iterator[tuple[str, str | int]]:
    yield ("content", sample.sha256)
    if sample.group is not None:
        yield ("group", sample.group)
    if sample.cluster is not None:
        yield ("cluster", sample.cluster)
