"""Which pictures make a batch."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Batch(NamedTuple):
    """The pictures of one step.

    rows
        Their places in the dataset, int64 `[n]`; one may come several times in an epoch.
    places
        Their places in the order of the whole epoch, int64 `[n]`, from 0: what augmentation is drawn by.
    """

    rows: NDArray[np.int64]
    places: NDArray[np.int64]
