import numpy as np
import pytest
from pydantic import ValidationError

from bundles import outlier_rule
from sightline.records import CAUSES, VERDICTS, DecisionRule


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_a_picture_whose_outlier_score_is_above_the_threshold_is_rejected_whatever_else_holds(activation):
    rule = DecisionRule(activation=activation, outliers=outlier_rule(threshold=2.0))
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.2, 0.1]])

    decided = rule.decide_rows(probabilities, np.array([1.0, 2.0, 2.5, np.nan]))

    assert [VERDICTS[one] for one in decided.verdicts] == ["accept", "accept", "reject", "reject"]
    assert [CAUSES[one] == "outlier" for one in decided.causes] == [False, False, True, True]
    alone = rule.decide_rows(probabilities)
    assert np.array_equal(decided.labels, alone.labels)
    assert np.array_equal(decided.present, alone.present)
    assert decided.verdicts.dtype == alone.verdicts.dtype
    assert decided.causes.dtype == alone.causes.dtype


def test_without_outlier_scores_or_without_a_rule_for_them_nothing_is_rejected():
    probabilities = np.array([[0.9, 0.1]])

    with_rule = DecisionRule(outliers=outlier_rule(threshold=2.0)).decide_rows(probabilities)
    without = DecisionRule().decide_rows(probabilities, np.array([1e9]))

    assert [VERDICTS[one] for one in (with_rule.verdicts[0], without.verdicts[0])] == ["accept", "accept"]


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"kind": "mix"}, "a mix has at least one"),
        ({"kind": "knn", "parts": ({"kind": "energy", "centre": 0, "spread": 1},)}, "no other score has any"),
        ({"kind": "mix", "parts": ({"kind": "energy", "centre": 0, "spread": 0},)}, "greater than 0"),
        ({"false_alarm_rate": 0}, "greater than 0"),
        ({"threshold": float("nan")}, "finite number"),
    ],
)
def test_a_rule_for_outliers_that_does_not_hold_together_is_refused(change, problem):
    with pytest.raises(ValidationError, match=problem):
        outlier_rule(**{"kind": "knn", **change})
