"""What a classifier says of pictures that it has not seen: cross-validation of a linear head.

Ridge regression to 0 and 1 on fixed embeddings, then calibration. It has a closed form, so that a thousand
classes cost hardly more than ten, and it found as many wrong labels as logistic regression in a fifth of the
time (`docs/decisions/0012-label-errors.md`).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sightline.errors import DatasetError
from sightline.extras import require
from sightline.quality.labels.calibration import calibrated
from sightline.quality.labels.folds import unit_folds

Targets = NDArray[np.int64] | NDArray[np.bool_]
"""Class indices int64 `[N]` (one label a sample), or bool `[N, C]` (any number of them)."""

# Shares of the embedding's size; on standardised embeddings their effect hardly depends on that size.
_RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0)


def out_of_sample_probabilities(
    embeddings_nd: NDArray[np.float32],
    targets: Targets,
    units_n: NDArray[np.int64],
    *,
    folds: int = 5,
    seed: int = 0,
) -> NDArray[np.float64]:
    """The probability of each class for each sample, by a head that saw none of its unit: float64 `[N, C]`.

    C is the largest class index and 1, or the number of columns. Rows add up to 1 for class indices; for
    columns of several labels each cell stands alone. How strongly the head is held back is chosen by the
    likelihood of the held-out labels.

    embeddings_nd
        float32 `[N, D]`, of any scale.
    units_n
        int64 `[N]`; samples of one unit are held out together, so that the near copy of a wrongly labelled
        picture does not vouch for it.
    folds
        At least 2; as many as there are units, if there are fewer units.

    Raises:
        DatasetError: an embedding is NaN or infinite, or there are fewer than two units.
        MissingExtra: scikit-learn is not installed.
    """
    if not np.isfinite(embeddings_nd).all():
        row = int(np.argmin(np.isfinite(embeddings_nd).all(axis=1)))
        raise DatasetError(f"The embedding of picture {row} is not finite. Use another backbone or bundle.")
    scores = _held_out_scores(embeddings_nd, targets, units_n, folds, seed)
    _, probabilities = min((calibrated(one, targets) for one in scores), key=lambda found: found[0])
    return probabilities


def _held_out_scores(
    embeddings_nd: NDArray[np.float32], targets: Targets, units_n: NDArray[np.int64], folds: int, seed: int
) -> NDArray[np.float64]:
    """The head's scores about 0 to 1, float64 `[ridges, N, C]`."""
    wanted = as_columns(targets).astype(np.float32)
    scores = np.empty((len(_RIDGES), *wanted.shape))
    for train, held_out in unit_folds(targets, units_n, folds, seed):
        for index, predicted in enumerate(_predictions(embeddings_nd, wanted, train, held_out)):
            scores[index, held_out] = predicted
    return scores


def _predictions(
    embeddings_nd: NDArray[np.float32],
    wanted_nc: NDArray[np.float32],
    train: NDArray[np.int64],
    held_out: NDArray[np.int64],
) -> Iterator[NDArray[np.float32]]:
    scaler = require("sklearn.preprocessing").StandardScaler().fit(embeddings_nd[train])
    known, unknown = scaler.transform(embeddings_nd[train]), scaler.transform(embeddings_nd[held_out])
    for ridge in _RIDGES:
        strength = ridge * embeddings_nd.shape[1]
        head = require("sklearn.linear_model").Ridge(alpha=strength, solver="cholesky")
        predicted: NDArray[np.float32] = head.fit(known, wanted_nc[train]).predict(unknown)
        yield predicted.reshape(len(held_out), -1)


def as_columns(targets: Targets, classes: int | None = None) -> NDArray[np.bool_]:
    """Targets as bool `[N, C]`; C is `classes`, or else what is needed."""
    if targets.ndim == 2:
        return targets.astype(np.bool_)
    columns: NDArray[np.bool_] = targets[:, None] == np.arange(classes or targets.max() + 1)
    return columns
