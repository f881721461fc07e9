"""How far an embedding lies from the nearest class, in units of the spread within classes."""

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Reference
from sightline.inference.nearest import unit_length
from sightline.inference.products import row_products


class MahalanobisDistance:
    """The Mahalanobis distance to the nearest class mean with a covariance that all classes share.

    min over c of √((u − μ_c)ᵀ Σ⁻¹ (u − μ_c)) with u the embedding at length 1 (Lee et al. 2018, A simple unified
    framework for detecting out-of-distribution samples and adversarial attacks; unit length: Müller & Hein 2025,
    Mahalanobis++). Multilabel has no classes that exclude each other, so there is one mean, that of all images.

    Σ is low-rank plus a multiple of 1 (Tipping & Bishop 1999, Probabilistic principal component analysis), so
    Σ^(−1/2) = 1/σ + V (1/√λ − 1/σ) Vᵀ: every embedding is whitened once, and what is left are plain distances.
    """

    def __init__(self, reference: Reference) -> None:
        deviation = np.sqrt(reference.residual_variance)
        self._inverse = np.float32(1 / deviation)
        self._along_r = (1 / np.sqrt(reference.variances) - 1 / deviation).astype(np.float32)
        self._directions_dr = np.ascontiguousarray(reference.directions)
        self._directions_rd = np.ascontiguousarray(reference.directions.T)
        means_kd = reference.means.astype(np.float32)
        # Distances do not change with the origin, and near the means float32 loses least.
        self._origin_d = means_kd.mean(axis=0)
        self._means_kd = np.stack([self._whiten(mean) for mean in means_kd])
        self._mean_squares_k = (self._means_kd * self._means_kd).sum(axis=1)

    def distances(self, embeddings_nd: NDArray[np.float32]) -> NDArray[np.float64]:
        """The distances of embeddings float32 `[N, D]`, float64 `[N]`, 0 and above."""
        squares = (self._least_square(unit) for unit in unit_length(embeddings_nd))
        return np.sqrt(np.fromiter(squares, np.float64, len(embeddings_nd)))

    def _least_square(self, unit_d: NDArray[np.float32]) -> np.float32:
        white_d = self._whiten(unit_d)
        squares = np.dot(white_d, white_d) - 2 * row_products(self._means_kd, white_d) + self._mean_squares_k
        return np.float32(max(squares.min(), 0))

    def _whiten(self, unit_d: NDArray[np.float32]) -> NDArray[np.float32]:
        centred_d = unit_d - self._origin_d
        along_r = row_products(self._directions_rd, centred_d) * self._along_r
        return np.asarray(centred_d * self._inverse + row_products(self._directions_dr, along_r), np.float32)
