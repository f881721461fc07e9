"""Which labels go together, where pictures have several."""

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from sightline.dataset import Dataset
from sightline.dataset.label_cells import LabelCells
from sightline.records import Frozen

_MOST_LABELS = 40
_MOST_PAIRS = 30
_LEAST_TOGETHER = 5


class LabelPair(Frozen):
    """Two labels, `count` pictures have both.

    lift
        How many times more often than if they had nothing to do with each other.
    second_given_first, first_given_second
        The share of pictures with the one that have the other too.
    """

    first: str
    second: str
    count: int
    lift: float
    second_given_first: float
    first_given_second: float


class Cooccurrence(Frozen):
    """Labels that occur together.

    several
        Pictures with more than one label.
    labels
        The 40 most frequent at most, in the order of the set.
    counts
        For each two of them how many pictures have both; for one and the same, how many have it.
    pairs
        The strongest 30 by lift, of those that at least 5 pictures have; of all labels.
    """

    several: int
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    pairs: tuple[LabelPair, ...]


def count_cooccurrence(dataset: Dataset) -> Cooccurrence | None:
    """Count pairs of labels; None where no picture has more than one."""
    lengths = pc.list_value_length(dataset.table["labels"]).to_numpy().astype(np.int64)
    several = int(np.count_nonzero(lengths > 1))
    if not several:
        return None
    labels = LabelCells.of(dataset).classes
    classes = len(dataset.labels)
    each = np.bincount(labels, minlength=classes)
    codes = np.concatenate([*_pair_codes(labels, lengths, classes)])
    pairs, counts = np.unique(codes, return_counts=True)
    first, second = pairs // classes, pairs % classes
    return Cooccurrence(
        several=several,
        **_matrix(dataset.labels, each, first, second, counts),
        pairs=_strongest(dataset, each, first, second, counts),
    )


def _pair_codes(
    labels: NDArray[np.int64], lengths: NDArray[np.int64], classes: int
) -> Iterator[NDArray[np.int64]]:
    """The pairs within rows, as smaller × classes + larger; rows of one length at a time."""
    starts = np.cumsum(lengths) - lengths
    for length in np.unique(lengths[lengths > 1]):
        rows = labels[starts[lengths == length][:, np.newaxis] + np.arange(length)]
        one, other = np.triu_indices(length, 1)
        low, high = np.minimum(rows[:, one], rows[:, other]), np.maximum(rows[:, one], rows[:, other])
        yield (low * classes + high).reshape(-1)


def _matrix(
    names: tuple[str, ...],
    each: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> dict[str, tuple[object, ...]]:
    shown = np.sort(np.argsort(-each, kind="stable")[:_MOST_LABELS])
    place = np.full(len(names), -1)
    place[shown] = np.arange(len(shown))
    matrix = np.diag(each[shown])
    kept = (place[first] >= 0) & (place[second] >= 0)
    one, other = place[first[kept]], place[second[kept]]
    matrix[one, other] = matrix[other, one] = counts[kept]
    rows = tuple(tuple(int(count) for count in row) for row in matrix)
    return {"labels": tuple(names[index] for index in shown), "counts": rows}


def _strongest(
    dataset: Dataset,
    each: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> tuple[LabelPair, ...]:
    lift = counts * float(len(dataset)) / (each[first] * each[second])
    often = np.flatnonzero(counts >= _LEAST_TOGETHER)
    chosen = often[np.argsort(-lift[often], kind="stable")][:_MOST_PAIRS]
    return tuple(
        LabelPair(
            first=dataset.labels[first[index]],
            second=dataset.labels[second[index]],
            count=int(counts[index]),
            lift=float(lift[index]),
            second_given_first=float(counts[index] / each[first[index]]),
            first_given_second=float(counts[index] / each[second[index]]),
        )
        for index in chosen
    )
