"""How far an embedding lies from the nearest class, in units of the spread within classes."""

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Reference
from sightline.inference.nearest import unit_length

_AT_ONCE = 256


class MahalanobisDistance:
    """The Mahalanobis distance to the nearest class mean with a covariance that all classes share.

    min over c of √((u − μ_c)ᵀ Σ⁻¹ (u − μ_c)) with u the embedding at length 1 (Lee et al. 2018, A simple unified
    framework for detecting out-of-distribution samples and adversarial attacks; unit length: Müller & Hein 2025,
    Mahalanobis++). Multilabel has no classes that exclude each other, so there is one mean, that of all images.

    Σ is low-rank plus a multiple of 1 (Tipping & Bishop 1999, Probabilistic principal component analysis), so
    Σ^(−1/2) = 1/σ + V (1/√λ − 1/σ) Vᵀ: every embedding is whitened once, and what is left are plain distances.
    """

    def __init__(self, reference: Reference) -> None:
        self._directions_dr = reference.directions
        deviation = np.sqrt(reference.residual_variance)
        self._inverse = np.float32(1 / deviation)
        self._along_r = (1 / np.sqrt(reference.variances) - 1 / deviation).astype(np.float32)
        means_kd = reference.means.astype(np.float32)
        # Distances do not change with the origin, and near the means float32 loses least.
        self._origin_d = means_kd.mean(axis=0)
        self._means_kd = self._whiten(means_kd)
        self._mean_squares_k = (self._means_kd * self._means_kd).sum(axis=1)

    def distances(self, embeddings_nd: NDArray[np.float32]) -> NDArray[np.float64]:
        """The distances of embeddings float32 `[N, D]`, float64 `[N]`, 0 and above."""
        parts = [
            self._nearest(embeddings_nd[start : start + _AT_ONCE])
            for start in range(0, len(embeddings_nd), _AT_ONCE)
        ]
        return np.sqrt(np.concatenate(parts), dtype=np.float64) if parts else np.empty(0)

    def _nearest(self, embeddings_nd: NDArray[np.float32]) -> NDArray[np.float32]:
        white_nd = self._whiten(unit_length(embeddings_nd))
        own = (white_nd * white_nd).sum(axis=1, keepdims=True)
        squares = own - 2 * (white_nd @ self._means_kd.T) + self._mean_squares_k
        return np.asarray(np.maximum(squares, 0).min(axis=1), np.float32)

    def _whiten(self, units_nd: NDArray[np.float32]) -> NDArray[np.float32]:
        centred = units_nd - self._origin_d
        along = (centred @ self._directions_dr) * self._along_r
        return np.asarray(centred * self._inverse + along @ self._directions_dr.T, np.float32)
