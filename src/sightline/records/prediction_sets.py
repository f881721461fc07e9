"""Sets of labels that hold the truth in a stated share of pictures, whatever the network is like."""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sightline.records.frozen import Frozen

EVERY_LABEL: Final = 2.0
"""A threshold that no score exceeds: the set holds every label."""


class PredictionSets(Frozen):
    """Split conformal prediction (Angelopoulos and Bates 2021, A gentle introduction to conformal prediction).

    A label belongs to the set if its score is at most `threshold`; the most probable label always does.

    kind
        `lac`: the score is 1 − p (Sadinle et al. 2019, least ambiguous set-valued classifiers), the smallest sets.
        `aps`: the sum of the probabilities of the labels ranked before it (Romano et al. 2020, adaptive prediction
        sets, without their random number), sets that grow where the network is unsure.
    coverage
        The share of fresh pictures whose set holds the truth is at least this, if they are like those of the
        calibration split; on average over splits, and over all classes together, not for each.
    """

    kind: Literal["lac", "aps"]
    coverage: float = Field(gt=0, lt=1)
    threshold: float = Field(ge=0, le=EVERY_LABEL)

    def members(self, probabilities_nc: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which labels belong to each row's set, bool `[N, C]`, of softmax probabilities float64 `[N, C]`."""
        inside = set_scores(probabilities_nc, self.kind) <= self.threshold
        first = probabilities_nc.argmax(axis=1)
        inside[np.arange(len(inside)), first] = True
        return np.asarray(inside, np.bool_)


def set_scores(probabilities_nc: NDArray[np.float64], kind: Literal["lac", "aps"]) -> NDArray[np.float64]:
    """The score of every label of every row, float64 `[N, C]`; small ones conform. See `PredictionSets`."""
    if kind == "lac":
        return 1.0 - probabilities_nc
    order = np.argsort(-probabilities_nc, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities_nc, order, axis=1)
    sums = np.cumsum(ranked, axis=1) - ranked
    sums[:, 0] = 0.0
    scores = np.empty_like(probabilities_nc)
    np.put_along_axis(scores, order, sums, axis=1)
    return scores
