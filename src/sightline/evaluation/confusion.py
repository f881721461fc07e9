"""Which class was taken for which."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.records import Frozen

MOST_CONFUSED = 20


class ConfusionCell(NamedTuple):
    """`times` pictures of class `truth` were answered `answer`; both are indices into the labels."""

    truth: int
    answer: int
    times: int


class ConfusedPair(Frozen):
    """A mistake by name: so many pictures of `truth` were taken for `answer`.

    share
        Of all pictures of `truth`, in (0, 1].
    """

    truth: str
    answer: str
    count: int
    share: float


def confusion_matrix(
    targets_n: NDArray[np.int64], predicted_n: NDArray[np.int64], class_count: int
) -> NDArray[np.int64]:
    """Counts, int64 `[C, C]`: row = truth, column = prediction."""
    cells = np.bincount(targets_n * class_count + predicted_n, minlength=class_count * class_count)
    return cells.reshape(class_count, class_count).astype(np.int64)


def confusion_cells(confusion_cc: NDArray[np.int64]) -> tuple[ConfusionCell, ...]:
    """The cells that are not 0, by rows; of 1,000 classes a million cells would nearly all be 0."""
    rows, columns = np.nonzero(confusion_cc)
    counts = confusion_cc[rows, columns]
    return tuple(map(ConfusionCell._make, zip(rows.tolist(), columns.tolist(), counts.tolist(), strict=True)))


def dense_confusion(cells: Iterable[ConfusionCell], class_count: int) -> NDArray[np.int64]:
    """The matrix of which these are the cells that are not 0, int64 `[C, C]`."""
    matrix = np.zeros((class_count, class_count), np.int64)
    for cell in cells:
        matrix[cell.truth, cell.answer] = cell.times
    return matrix


def most_confused(
    confusion_cc: NDArray[np.int64], labels: tuple[str, ...], most: int = MOST_CONFUSED
) -> tuple[ConfusedPair, ...]:
    """The most frequent mistakes, the most frequent first; of equally frequent ones the larger share of its class."""
    support = confusion_cc.sum(axis=1)
    wrong = confusion_cc * ~np.eye(len(labels), dtype=np.bool_)
    rows, columns = np.nonzero(wrong)
    counts = wrong[rows, columns]
    order = np.lexsort((columns, rows, -counts / support[rows], -counts))[:most]
    return tuple(
        ConfusedPair(
            truth=labels[rows[at]],
            answer=labels[columns[at]],
            count=int(counts[at]),
            share=float(counts[at] / support[rows[at]]),
        )
        for at in order
    )
