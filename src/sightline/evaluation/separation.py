"""How well a score tells strange pictures from usual ones. The larger a score, the stranger the picture."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def outlier_auroc(usual_n: Floats, strange_m: Floats) -> float:
    """The chance that a strange picture has a larger score than a usual one, ties counted half: 0 to 1.

    That is the area under the ROC curve (Hanley & McNeil 1982). Both float64, neither empty.
    """
    assert len(usual_n)
    assert len(strange_m)
    ascending = np.sort(usual_n)
    below = np.searchsorted(ascending, strange_m, side="left")
    not_above = np.searchsorted(ascending, strange_m, side="right")
    return float((below + not_above).mean() / (2 * len(usual_n)))


def false_positive_rate(usual_n: Floats, strange_m: Floats, true_positive_rate: float = 0.95) -> float:
    """The share of strange pictures that pass where this share of the usual ones does: 0 to 1, smaller is better.

    The usual pictures are the positives, as the field counts them ("FPR at 95 % TPR", Hendrycks & Gimpel 2017): the
    threshold is the smallest that lets at least `true_positive_rate` of them pass.
    """
    assert len(usual_n)
    assert len(strange_m)
    place = int(np.ceil(true_positive_rate * len(usual_n) - 1e-9)) - 1
    threshold = np.sort(usual_n)[max(place, 0)]
    return float((strange_m <= threshold).mean())
