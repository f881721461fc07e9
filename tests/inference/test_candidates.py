"""Candidates, labels and sets come in the order that all labels together would have."""

import numpy as np
import pytest

from sightline.inference import decide
from sightline.records import DecisionRule, PredictionSets

NAMES = tuple(f"label {index}" for index in range(40))


def drawn(seed):
    """Probabilities of which many are equal."""
    counts = np.random.default_rng(seed).integers(1, 6, len(NAMES)).astype(np.float64)
    return counts / counts.sum()


def in_order(probabilities):
    return tuple(NAMES[i] for i in np.argsort(-probabilities, kind="stable"))


@pytest.mark.parametrize("top_k", [1, 2, 5, 39, 40, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_of_equal_probabilities_the_label_that_stands_first_goes_first(top_k, seed):
    probabilities = drawn(seed)

    found = decide(probabilities, DecisionRule(), NAMES, top_k)

    assert tuple(one.label for one in found.candidates) == in_order(probabilities)[:top_k]
    assert found.labels == (in_order(probabilities)[0],)


def test_several_labels_and_a_set_are_in_this_order_too():
    probabilities = drawn(7)
    threshold = float(np.median(probabilities))
    several = DecisionRule(activation="sigmoid", label_thresholds=(threshold,) * len(NAMES))
    sets = DecisionRule(sets=PredictionSets(kind="lac", coverage=0.9, threshold=1.0 - threshold))
    expected = tuple(
        name for name in in_order(probabilities) if probabilities[NAMES.index(name)] >= threshold
    )

    assert decide(probabilities, several, NAMES).labels == expected
    assert decide(probabilities, sets, NAMES).label_set == expected
