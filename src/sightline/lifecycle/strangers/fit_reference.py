"""Fitting a reference: which training images stand for all, and how their embeddings are spread."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import MOST_IMAGES, Reference
from sightline.inference.nearest import unit_length
from sightline.records import Scores

_DIRECTIONS = 64
_LEAST_VARIANCE = 1e-10
_LARGEST_HALF = float(np.finfo(np.float16).max)

Floats = NDArray[np.float64]


def choose_rows(strata: Sequence[object], *, most: int = MOST_IMAGES, seed: int) -> NDArray[np.int64]:
    """At most `most` rows, ascending, int64; rare strata (a class, a combination of labels) give all they have.

    Each stratum is shuffled, and then all give their first, all that have one their second, and so on.
    """
    rng = np.random.default_rng(seed)
    members: dict[object, list[int]] = {}
    for row in rng.permutation(len(strata)):
        members.setdefault(strata[row], []).append(int(row))
    turn = np.empty(len(strata), np.int64)
    for rows in members.values():
        turn[rows] = np.arange(len(rows))
    first = np.lexsort((rng.random(len(strata)), turn))[:most]
    return np.sort(first)


def fit_reference(scores: Scores, sha256: Sequence[str]) -> Reference:
    """A reference from what the graph says of training images, and the hashes of their files in the same order."""
    units = unit_length(scores.embeddings).astype(np.float64)
    means = _class_means(units, scores)
    covariance = shrunk_covariance(units - means[scores.classes if len(means) > 1 else 0])
    directions, variances, residual = low_rank(covariance, _DIRECTIONS)
    return Reference(
        embeddings=np.clip(scores.embeddings, -_LARGEST_HALF, _LARGEST_HALF).astype(np.float16),
        targets=scores.targets,
        ids=scores.ids,
        sha256=tuple(sha256),
        means=means.astype(np.float16),
        directions=directions.astype(np.float32),
        variances=variances.astype(np.float32),
        residual_variance=residual,
    )


def shrunk_covariance(residuals_nd: Floats) -> Floats:
    """The covariance of rows about 0, float64 `[D, D]`, drawn towards a multiple of 1 as far as the rows are few.

    (1 − ρ) S + ρ tr(S)/D · 1 with the ρ of least expected error (Ledoit & Wolf 2004, A well-conditioned estimator for
    large-dimensional covariance matrices).
    """
    count, size = residuals_nd.shape
    covariance = residuals_nd.T @ residuals_nd / count
    mean = np.trace(covariance) / size
    squared = float((covariance**2).sum())
    # The sum over all pairs of columns of their mean squared product is that of the fourth powers of the lengths.
    noise = (float(((residuals_nd**2).sum(axis=1) ** 2).mean()) - squared) / count
    spread = squared - size * mean**2
    shrinkage = 1.0 if spread <= 0 else min(max(noise, 0.0), spread) / spread
    shrunk: Floats = (1 - shrinkage) * covariance + shrinkage * mean * np.eye(size)
    return shrunk


def low_rank(covariance_dd: Floats, directions: int) -> tuple[Floats, Floats, float]:
    """The leading eigenvectors `[D, r]`, their variances `[r]`, and the mean variance of all other directions.

    r is `directions`, or D if that is less. Of all covariances of this form it is the most likely (Tipping & Bishop
    1999).
    """
    variances, vectors = np.linalg.eigh(covariance_dd)
    variances = np.maximum(variances[::-1], _LEAST_VARIANCE)
    kept = min(directions, len(variances))
    rest = variances[kept:] if kept < len(variances) else variances[-1:]
    return vectors[:, ::-1][:, :kept], variances[:kept], float(rest.mean())


def _class_means(units_nd: Floats, scores: Scores) -> Floats:
    """Of each class, `[C, D]`; a class without images has the mean of all. Multilabel: of all, `[1, D]`."""
    overall: Floats = units_nd.mean(axis=0, keepdims=True)
    if scores.task == "multilabel":
        return overall
    means = np.repeat(overall, len(scores.labels), axis=0)
    for label in np.unique(scores.classes):
        means[label] = units_nd[scores.classes == label].mean(axis=0)
    return means
