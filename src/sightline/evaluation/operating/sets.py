"""Prediction sets: split conformal (Angelopoulos and Bates 2021)."""

import math

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.operating.wishes import Wishes
from sightline.records import EVERY_LABEL, PredictionSets, set_scores


def fit_sets(
    probabilities_nc: NDArray[np.float64],
    targets_n: NDArray[np.int64],
    groups_n: NDArray[np.int64],
    wishes: Wishes,
    seed: int = 0,
) -> PredictionSets | None:
    """The threshold at the ⌈(n + 1) × coverage⌉-th smallest score of the truths; every label where n is too small.

    Of each group one picture is drawn, for those of a group are not exchangeable with fresh ones (Dunn, Wasserman and
    Ramdas 2022, Distribution-free prediction sets for two-layer hierarchical models).
    """
    if wishes.sets is None:
        return None
    shuffled = np.random.default_rng(seed).permutation(len(groups_n))
    rows = shuffled[np.unique(groups_n[shuffled], return_index=True)[1]]
    scores = set_scores(probabilities_nc[rows], wishes.sets)[np.arange(len(rows)), targets_n[rows]]
    place = math.ceil((len(rows) + 1) * wishes.coverage)
    threshold = float(np.sort(scores)[place - 1]) if place <= len(rows) else EVERY_LABEL
    return PredictionSets(kind=wishes.sets, coverage=wishes.coverage, threshold=max(threshold, 0.0))
