"""How far probabilities are from what they say, in the four figures that stand beside a calibration."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.calibration import ReliabilitySums, expected_calibration_error
from sightline.records import CalibrationErrors, Targets

_FAINTEST = 1e-300


def calibration_errors(probabilities_nc: NDArray[np.float64], targets: Targets) -> CalibrationErrors:
    """The errors of probabilities `[N, C]`, of softmax for class indices `[N]`, of sigmoid for columns `[N, C]`."""
    truth = _columns(targets, probabilities_nc.shape[1])
    single = targets.ndim == 1
    top = ReliabilitySums()
    if single:
        answers = probabilities_nc.argmax(axis=1)
        top.add(np.take_along_axis(probabilities_nc, answers[:, None], axis=1)[:, 0], answers == targets)
    else:
        top.add(probabilities_nc.ravel(), truth.ravel())
    squares = (probabilities_nc - truth) ** 2
    return CalibrationErrors(
        expected=expected_calibration_error(top.bins()),
        classwise=classwise_calibration_error(probabilities_nc, truth),
        negative_log_likelihood=_loss(probabilities_nc, truth, single=single),
        brier_score=float(squares.sum(axis=1).mean() if single else squares.mean()),
    )


def classwise_calibration_error(probabilities_nc: NDArray[np.float64], truth_nc: NDArray[np.bool_]) -> float:
    """The mean over the classes of the calibration error of each class's own probability over 15 bins.

    Kull et al. 2019, Beyond temperature scaling. In [0, 1]; small by itself where there are many classes.
    """
    errors = []
    for probabilities, truth in zip(probabilities_nc.T, truth_nc.T, strict=True):
        sums = ReliabilitySums()
        sums.add(probabilities, truth)
        errors.append(expected_calibration_error(sums.bins()))
    return float(np.mean(errors))


def _loss(probabilities_nc: NDArray[np.float64], truth_nc: NDArray[np.bool_], *, single: bool) -> float:
    if single:
        return float(-np.log(np.maximum(probabilities_nc[truth_nc], _FAINTEST)).mean())
    of_truth = np.where(truth_nc, probabilities_nc, 1.0 - probabilities_nc)
    return float(-np.log(np.maximum(of_truth, _FAINTEST)).mean())


def _columns(targets: Targets, classes: int) -> NDArray[np.bool_]:
    if targets.ndim == 1:
        return np.asarray(targets[:, None] == np.arange(classes), np.bool_)
    return np.asarray(targets == 1, np.bool_)
