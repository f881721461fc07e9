"""The score of a bundle's rule, or any other, from what the graph says of a picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Bundle, Reference
from sightline.inference.nearest import NearestImages, open_nearest
from sightline.inference.outliers.logit_scores import energy, max_softmax
from sightline.inference.outliers.mahalanobis import MahalanobisDistance
from sightline.records import MixPart, OutlierRule, SingleScore

Floats = NDArray[np.float64]


class SingleScores:
    """Every single score against one reference; what they need is made ready once.

    neighbours
        With `knn`: the distance to the k-th nearest training image counts (Sun et al. 2022, Out-of-distribution
        detection with deep nearest neighbors).
    """

    def __init__(self, reference: Reference, nearest: NearestImages, neighbours: int) -> None:
        self._task = reference.task
        self._nearest = nearest
        self._mahalanobis = MahalanobisDistance(reference)
        self._neighbours = neighbours

    def score(
        self, kind: SingleScore, logits_nc: NDArray[np.float32], embeddings_nd: NDArray[np.float32]
    ) -> Floats:
        """The score of logits float32 `[N, C]` and embeddings float32 `[N, D]`: float64 `[N]`, larger is stranger."""
        match kind:
            case "max_softmax":
                return max_softmax(logits_nc, self._task)
            case "energy":
                return energy(logits_nc, self._task)
            case "knn":
                return self._nearest.kth_distance(embeddings_nd, self._neighbours)
            case "mahalanobis":
                return self._mahalanobis.distances(embeddings_nd)


class OutlierScorer:
    """The score that a rule names. `scores` may be called from several threads at once."""

    def __init__(self, rule: OutlierRule, reference: Reference, nearest: NearestImages | None = None) -> None:
        self.rule = rule
        self._singles = SingleScores(reference, nearest or NearestImages(reference), rule.neighbours)

    def scores(self, logits_nc: NDArray[np.float32], embeddings_nd: NDArray[np.float32]) -> Floats:
        """How strange each picture is: float64 `[N]` from logits float32 `[N, C]` and embeddings float32 `[N, D]`."""
        if self.rule.kind == "mix":
            return mixed_scores(self.rule.parts, self._singles, logits_nc, embeddings_nd)
        return self._singles.score(self.rule.kind, logits_nc, embeddings_nd)


def open_outlier_scorer(bundle: Bundle, nearest: NearestImages | None = None) -> OutlierScorer | None:
    """The scorer of the bundle's rule; None if it rejects nothing. `nearest`: what `open_nearest` gave, to share it.

    Raises:
        BundleCorrupt: see `sightline.bundle.read_reference`.
    """
    rule = bundle.manifest.decision.outliers
    known = nearest or (open_nearest(bundle) if rule is not None else None)
    return None if rule is None or known is None else OutlierScorer(rule, known.reference, known)


def mixed_scores(
    parts: Sequence[MixPart],
    singles: SingleScores,
    logits_nc: NDArray[np.float32],
    embeddings_nd: NDArray[np.float32],
) -> Floats:
    """The sum of the parts' z-scores, each (score − centre) / spread: float64 `[N]`.

    A sum, not a product of p-values: it goes on growing beyond the strangest picture that the parts were fitted on.
    """
    total = np.zeros(len(logits_nc))
    for part in parts:
        total += (singles.score(part.kind, logits_nc, embeddings_nd) - part.centre) / part.spread
    return total
