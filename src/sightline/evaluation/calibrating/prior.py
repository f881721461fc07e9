"""A temperature, and the classes' frequencies brought back in: two numbers, however many classes.

A network that was trained against imbalance, by weights, sampling or logit adjustment, answers as if classes were
equally frequent, and its probabilities are those of such a world.
"""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.calibrating.smoothing import doubt, strongest_rivals
from sightline.evaluation.calibrating.temperature import fit_temperature
from sightline.extras import require
from sightline.records import Scores, VectorScaling

_HARDEST = 20.0


def fit_prior_shift(scores: Scores) -> VectorScaling:
    """β = 1 / T and τ of softmax(β z + τ log π), by the smoothed likelihood of multiclass scores.

    π are the frequencies of the classes among the scores, each with one picture more. Bias-corrected temperature
    scaling (Alexandari, Kundaje and Shrikumar 2020) with its biases held to the direction in which methods against
    imbalance move them (Menon et al. 2021, Long-tail learning via logit adjustment). The result is a vector scaling of
    equal scales; τ lies in [−2, 2].

    Raises:
        DatasetError: a logit is NaN or infinite.
        MissingExtra: SciPy is not installed.
    """
    start = 1.0 / fit_temperature(scores)
    logits, truth = scores.logits.astype(np.float64), scores.classes
    shares = np.bincount(truth, minlength=len(scores.labels)) + 1.0
    log_prior = np.log(shares / shares.sum())
    found = require("scipy.optimize").minimize(
        _loss,
        np.array([start, 0.0]),
        args=(logits, truth, strongest_rivals(logits, truth), log_prior),
        jac=True,
        method="L-BFGS-B",
        bounds=[(1.0 / _HARDEST, _HARDEST), (-2.0, 2.0)],
    )
    sharpness, tau = found.x.tolist()
    return VectorScaling(scales=(sharpness,) * len(log_prior), shifts=tuple((tau * log_prior).tolist()))


def _loss(
    parameters: NDArray[np.float64],
    logits_nc: NDArray[np.float64],
    truth_n: NDArray[np.int64],
    rivals_n: NDArray[np.int64],
    log_prior_c: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64]]:
    """The mean loss, the truth doubted as in `fit_temperature`, and its derivatives by β and τ."""
    sharpness, tau = parameters
    rows, share = np.arange(len(truth_n)), doubt(len(truth_n))
    calibrated = sharpness * logits_nc + tau * log_prior_c
    calibrated -= calibrated.max(axis=1, keepdims=True)
    exponentials = np.exp(calibrated)
    sums = exponentials.sum(axis=1)
    weights = exponentials / sums[:, None]
    weights[rows, truth_n] -= 1.0 - share
    weights[rows, rivals_n] -= share
    aimed_at = (1.0 - share) * calibrated[rows, truth_n] + share * calibrated[rows, rivals_n]
    slopes = np.array([(weights * logits_nc).sum(), (weights * log_prior_c).sum()])
    return float((np.log(sums) - aimed_at).mean()), slopes / len(rows)
