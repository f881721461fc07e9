"""What any engine says about a labelled data set; every figure of evaluation is a pure function of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.records.task import Task

Targets = NDArray[np.int64] | NDArray[np.uint8]
"""What is true: int64 `[N]` class indices (multiclass), or uint8 `[N, C]` of 0 and 1 (multilabel)."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Outputs of one engine over N labelled images of C labels.

    logits
        float32 `[N, C]`, before temperature and activation.
    embeddings
        float32 `[N, D]`.
    targets
        Multiclass: int64 `[N]`, indices into `labels`. Multilabel: uint8 `[N, C]`, 1 where the label is true.
        Which of the two it is decides the task.
    ids
        N sample ids (paths relative to the dataset's root), in the order of the rows.
    labels
        C names, in the order of the columns.
    """

    logits: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    targets: Targets
    ids: tuple[str, ...]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        rows, classes = self.logits.shape
        assert rows == len(self.targets) == len(self.ids) == len(self.embeddings)
        assert classes == len(self.labels)
        if self.targets.ndim == 1:
            assert self.targets.dtype == np.int64
            assert rows == 0 or (self.targets.min() >= 0 and self.targets.max() < classes)
        else:
            assert self.targets.dtype == np.uint8
            assert self.targets.shape == self.logits.shape
            assert self.targets.max(initial=0) <= 1

    @property
    def task(self) -> Task:
        """Multiclass for class indices, multilabel for columns."""
        return "multiclass" if self.targets.ndim == 1 else "multilabel"

    @property
    def classes(self) -> NDArray[np.int64]:
        """The targets of multiclass scores, int64 `[N]`."""
        assert self.targets.dtype == np.int64
        return self.targets.view(np.int64)

    @property
    def multi_hot(self) -> NDArray[np.uint8]:
        """The targets of multilabel scores, uint8 `[N, C]`."""
        assert self.targets.dtype == np.uint8
        return self.targets.view(np.uint8)
