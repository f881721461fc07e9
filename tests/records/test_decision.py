import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sightline.records import DecisionRule, Temperature

SEVERAL = DecisionRule(activation="sigmoid", calibration=Temperature(value=2.0))
LOGITS = np.array([[3.0, -1.0, 0.5], [0.0, 0.0, 0.0]], np.float32)


def test_sigmoid_is_taken_of_each_logit_by_itself() -> None:
    probabilities = SEVERAL.probabilities(LOGITS)

    assert probabilities == pytest.approx(1 / (1 + np.exp(-LOGITS.astype(float) / 2.0)), abs=1e-15)
    assert probabilities.sum(axis=1).tolist() != pytest.approx([1.0, 1.0])
    assert probabilities[1].tolist() == [0.5, 0.5, 0.5]


def test_a_constant_on_all_logits_changes_nothing_for_softmax_and_everything_for_sigmoid() -> None:
    shifted = LOGITS + np.float32(1.0)

    one = DecisionRule()
    assert one.probabilities(shifted) == pytest.approx(one.probabilities(LOGITS))
    assert (SEVERAL.probabilities(shifted) > SEVERAL.probabilities(LOGITS) + 0.01).all()


def test_another_label_s_logit_changes_nothing_for_sigmoid() -> None:
    other = LOGITS.copy()
    other[:, 1] = 50.0

    changed, before = SEVERAL.probabilities(other), SEVERAL.probabilities(LOGITS)

    assert changed[:, [0, 2]].tolist() == before[:, [0, 2]].tolist()


def test_sigmoid_survives_huge_logits() -> None:
    rule = DecisionRule(activation="sigmoid", calibration=Temperature(value=0.1))

    assert rule.probabilities(np.array([[1e4, -1e4, 0]], np.float32)).tolist() == [[1.0, 0.0, 0.5]]


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=8), st.floats(0.05, 20))
def test_sigmoid_lies_in_0_to_1_and_rises_with_the_logit(values: list[float], temperature: float) -> None:
    ordered = np.sort(np.array([values], np.float32), axis=1)

    probabilities = DecisionRule(
        activation="sigmoid", calibration=Temperature(value=temperature)
    ).probabilities(ordered)

    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert (np.diff(probabilities, axis=1) >= 0).all()


def test_labels_are_true_from_their_thresholds_on() -> None:
    probabilities = np.array([[0.3, 0.9, 0.5], [0.1, 0.2, 0.3]])

    chosen = DecisionRule(activation="sigmoid", label_thresholds=(0.3, 0.95, 0.6))

    assert chosen.present(probabilities).tolist() == [[True, False, False], [False, False, False]]
    assert SEVERAL.present(probabilities).tolist() == [[False, True, True], [False, False, False]]


def test_with_softmax_exactly_one_label_is_true_and_of_equal_ones_the_first() -> None:
    present = DecisionRule().present(np.array([[0.2, 0.4, 0.4], [0.8, 0.1, 0.1]]))

    assert present.tolist() == [[False, True, False], [True, False, False]]


@pytest.mark.parametrize(
    "fields, match",
    [
        pytest.param(
            {"activation": "sigmoid", "accept_thresholds": (0.5,)},
            "accept_thresholds belong to softmax",
            id="acceptance of several",
        ),
        pytest.param({"label_thresholds": (0.5,)}, "label_thresholds belong to sigmoid", id="labels of one"),
        pytest.param(
            {"activation": "sigmoid", "label_thresholds": (1.5,)}, "less than or equal to 1", id="above 1"
        ),
        pytest.param({"activation": "tanh"}, "'softmax' or 'sigmoid'", id="another activation"),
    ],
)
def test_thresholds_of_the_other_activation_are_refused(fields: dict[str, object], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        DecisionRule.model_validate(fields)


@pytest.mark.parametrize(
    "rule",
    [
        DecisionRule(calibration=Temperature(value=1.5)),
        DecisionRule(activation="sigmoid", label_thresholds=(0.1, 0.7)),
    ],
    ids=["softmax", "sigmoid"],
)
def test_a_rule_reads_back_as_written(rule: DecisionRule) -> None:
    assert DecisionRule.model_validate_json(rule.model_dump_json()) == rule
