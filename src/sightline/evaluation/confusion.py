"""Which class was taken for which."""

import numpy as np
from numpy.typing import NDArray


def confusion_matrix(
    targets_n: NDArray[np.int64], predicted_n: NDArray[np.int64], class_count: int
) -> NDArray[np.int64]:
    """Counts, int64 `[C, C]`: row = truth, column = prediction."""
    cells = np.bincount(targets_n * class_count + predicted_n, minlength=class_count * class_count)
    return cells.reshape(class_count, class_count).astype(np.int64)
