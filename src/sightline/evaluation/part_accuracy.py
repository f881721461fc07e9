"""How often answers are right among some of the pictures, with groups kept together."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.intervals import wilson, wilson_of_variance
from sightline.evaluation.resampling import Sampling
from sightline.evaluation.slices.significance import measure_share
from sightline.records import Estimate


def part_accuracy(
    right_n: NDArray[np.bool_], part_n: NDArray[np.bool_], sampling: Sampling
) -> Estimate | None:
    """The share of right answers, bool `[N]`, among the part, bool `[N]`; None of an empty part.

    Wilson's interval, with groups at the variance of the ratio estimator; see `measure_share`.
    """
    rows = np.flatnonzero(part_n)
    if not len(rows):
        return None
    found = measure_share(right_n, rows, sampling)
    if found.design_effect == 1.0:
        return wilson(found.right, found.count)
    value = found.right / found.count
    variance = value * (1 - value) * found.design_effect / found.count
    return wilson_of_variance(value, variance, found.units)
