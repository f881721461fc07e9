"""The order in which an epoch shows the images, and how often."""

import numpy as np
from numpy.typing import NDArray


def epoch_order(weights: NDArray[np.float64] | None, count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """`count` indices from 0 to `count` - 1, int64, in an order that belongs to seed and epoch.

    weights
        float64 `[count]`, not negative: how often each image is drawn, relative to the others. Draws are systematic
        (evenly spaced along the summed weights), so an image with expectation e comes ⌊e⌋ or ⌈e⌉ times, and so
        does each group of images with a weight of its own. None: each image once.
    """
    random = np.random.default_rng([seed, epoch])
    shuffled = random.permutation(count)
    if weights is None:
        return shuffled
    # By weight, so that a class is one stretch; shuffled within it, so that each epoch draws others of it.
    in_stretches = shuffled[np.argsort(weights[shuffled], kind="stable")]
    ends = np.cumsum(weights[in_stretches])
    points = (random.random() + np.arange(count)) / count
    drawn = in_stretches[np.searchsorted(ends / ends[-1], points, side="right")]
    return random.permutation(drawn)
