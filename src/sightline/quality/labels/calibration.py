"""Scores of a regression to probabilities, by the labels of samples that it has not seen."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation import fit_temperature, negative_log_likelihood
from sightline.extras import require
from sightline.records import DecisionRule, Scores, Temperature

# Scores lie about 0 to 1; as logits of this size their temperature lies well within what is searched.
_LOGITS = 10.0
_FAINTEST = 1e-12


def calibrated(
    scores_nc: NDArray[np.float64], targets: NDArray[np.int64] | NDArray[np.bool_]
) -> tuple[float, NDArray[np.float64]]:
    """Mean negative log-likelihood of the targets, and the probabilities, float64 `[N, C]`.

    Class indices int64 `[N]` get one temperature and a softmax; columns bool `[N, C]` a sigmoid each, with a
    slope and an offset of its own (Platt 1999, Probabilistic outputs for support vector machines).
    """
    if targets.ndim == 2:
        return _by_label(scores_nc, targets.astype(np.bool_))
    return _by_temperature(scores_nc, targets.astype(np.int64))


def _by_temperature(
    scores_nc: NDArray[np.float64], targets_n: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    rows, classes = scores_nc.shape
    logits = (scores_nc * _LOGITS).astype(np.float32)
    scores = Scores(
        logits,
        np.empty((rows, 0), np.float32),
        targets_n,
        tuple(map(str, range(rows))),
        tuple(map(str, range(classes))),
    )
    calibration = Temperature(value=fit_temperature(scores))
    loss = negative_log_likelihood(scores, calibration)
    return loss, DecisionRule(calibration=calibration).probabilities(logits)


def _by_label(
    scores_nc: NDArray[np.float64], wanted_nc: NDArray[np.bool_]
) -> tuple[float, NDArray[np.float64]]:
    probabilities = np.stack(
        [_platt(column, wanted) for column, wanted in zip(scores_nc.T, wanted_nc.T, strict=True)], axis=1
    )
    of_truth = np.where(wanted_nc, probabilities, 1 - probabilities)
    return float(-np.log(np.maximum(of_truth, _FAINTEST)).mean()), probabilities


def _platt(scores_n: NDArray[np.float64], wanted_n: NDArray[np.bool_]) -> NDArray[np.float64]:
    if wanted_n.all() or not wanted_n.any():
        return np.full(len(wanted_n), (wanted_n.sum() + 1) / (len(wanted_n) + 2))
    logits = scores_n[:, None] * _LOGITS
    sigmoid = require("sklearn.linear_model").LogisticRegression(C=100.0).fit(logits, wanted_n)
    probabilities: NDArray[np.float64] = sigmoid.predict_proba(logits)[:, 1]
    return probabilities
