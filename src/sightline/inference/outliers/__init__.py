"""How strange a picture is to a bundle."""

from sightline.inference.outliers.logit_scores import energy, max_softmax
from sightline.inference.outliers.mahalanobis import MahalanobisDistance
from sightline.inference.outliers.scorer import (
    OutlierScorer,
    SingleScores,
    mixed_scores,
    open_outlier_scorer,
)

__all__ = [
    "MahalanobisDistance",
    "OutlierScorer",
    "SingleScores",
    "energy",
    "max_softmax",
    "mixed_scores",
    "open_outlier_scorer",
]
