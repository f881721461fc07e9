"""A decision in words, as a person reads it after training."""

import pytest

from score_makers import one_true
from sightline.cli.decision import report_in_lines, rule_in_words
from sightline.evaluation.operating import Wishes, fit_decision, read_aim
from sightline.records import DecisionRule

LABELS = ("a", "b", "c")


@pytest.mark.parametrize(
    "thresholds, said",
    [
        (None, "operating point: none chosen: every answer is accepted"),
        ((0.0, 0.0, 0.0), "answers are accepted whatever their probability"),
        ((0.0, 2.0, 0.0), "whatever their probability, but for those of 'b', which always go to review"),
        ((0.9, 0.9, 0.9), "answers are accepted from a probability of 0.9000 on"),
        ((0.5, 0.9, 2.0), "from a probability of 0.5000 to 0.9000 on, by class, but for those of 'c', which"),
        ((2.0, 2.0, 2.0), "every answer goes to review"),
    ],
)
def test_a_rule_says_what_is_accepted(thresholds, said):
    assert said in rule_in_words(DecisionRule(accept_thresholds=thresholds), LABELS)


def test_figures_say_whether_they_are_expected_or_were_seen():
    wishes = Wishes(aims=(read_aim("recall(b) >= 0.5"),))
    report = fit_decision(one_true(0, 300), wishes).report

    lines = dict(report_in_lines(report.model_copy(update={"checked": report.operating})))

    assert {"accuracy (expected)", "accuracy (calibration)"} <= set(lines)
    assert lines["aim recall(b) >= 0.5"].startswith("promised; expected: recall 0.")
    assert "gain" not in lines["calibration"]
    assert "-0.0" not in lines["calibration"]
