"""What any engine says about a labelled data set; every figure of evaluation is a pure function of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Scores:
    """Outputs of one engine over N labelled images of C classes.

    logits
        float32 `[N, C]`, before temperature and softmax.
    embeddings
        float32 `[N, D]`.
    targets
        int64 `[N]`, class indices into `labels`.
    ids
        N sample ids (paths relative to the dataset's root), in the order of the rows.
    labels
        C class names, in the order of the columns.
    """

    logits: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    targets: NDArray[np.int64]
    ids: tuple[str, ...]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        rows, classes = self.logits.shape
        assert rows == len(self.targets) == len(self.ids) == len(self.embeddings)
        assert classes == len(self.labels)
        assert rows == 0 or (self.targets.min() >= 0 and self.targets.max() < classes)
