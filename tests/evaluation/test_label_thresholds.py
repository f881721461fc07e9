import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.errors import DatasetError
from sightline.evaluation import evaluate_multilabel, fit_label_thresholds
from sightline.evaluation.operating.label_thresholds import best_threshold
from sightline.records import DecisionRule, Scores, Temperature

PLAIN = DecisionRule(activation="sigmoid")


def scores_of(logits: list[list[float]], targets: list[list[int]] | list[int]) -> Scores:
    array = np.array(logits, np.float32).reshape(len(logits), -1)
    kind = np.uint8 if np.ndim(targets) == 2 else np.int64
    return Scores(
        array,
        np.zeros((len(array), 1), np.float32),
        np.asarray(targets, kind),
        tuple(map(str, range(len(array)))),
        tuple(map(str, range(array.shape[1]))),
    )


def test_the_threshold_lies_halfway_between_the_two_that_it_parts() -> None:
    threshold = best_threshold(np.array([0.9, 0.8, 0.3, 0.1]), np.array([1, 1, 0, 0], np.uint8))

    assert threshold == pytest.approx(0.55)


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=2, max_size=30))
def test_no_other_threshold_has_a_larger_f1(rows: list[tuple[int, bool]]) -> None:
    probabilities = np.array([row[0] / 12 for row in rows])
    truth = np.array([row[1] for row in rows], np.uint8)

    threshold = best_threshold(probabilities, truth)

    if 0 < truth.sum() < len(truth):
        tried = np.concatenate([np.linspace(0, 1, 241), [threshold]])
        claims = probabilities >= tried[:, None]
        figures = 2 * (claims & (truth == 1)).sum(axis=1) / (claims.sum(axis=1) + truth.sum())
        assert figures[-1] == pytest.approx(figures.max())


def test_of_equal_f1_the_highest_threshold_is_taken_which_claims_least() -> None:
    # F1 is 2/3 after the first row and after the fourth: 2·1/(1+2) and 2·2/(4+2).
    threshold = best_threshold(np.array([0.9, 0.7, 0.5, 0.3]), np.array([1, 0, 0, 1], np.uint8))

    assert threshold == pytest.approx(0.8)


@pytest.mark.parametrize("value", [0, 1])
def test_a_label_that_no_picture_or_every_picture_has_keeps_even_odds(value: int) -> None:
    assert best_threshold(np.array([0.9, 0.1, 0.2]), np.full(3, value, np.uint8)) == 0.5


def test_probabilities_that_are_neighbouring_floats_are_still_parted() -> None:
    low = 0.7
    high = float(np.nextafter(low, 1))

    threshold = best_threshold(np.array([low, high]), np.array([0, 1], np.uint8))

    assert low < threshold <= high


def test_equal_probabilities_are_never_parted() -> None:
    threshold = best_threshold(np.array([1.0, 1.0, 0.0]), np.array([1, 0, 0], np.uint8))

    assert threshold == 0.5


def test_each_label_gets_its_own_at_the_rule_s_temperature() -> None:
    scores = scores_of([[4.0, -2.0], [2.0, -4.0], [0.0, -6.0]], [[1, 1], [1, 0], [0, 0]])
    rule = DecisionRule(activation="sigmoid", calibration=Temperature(value=2.0))

    thresholds = fit_label_thresholds(scores, rule)

    sigmoid = 1 / (1 + np.exp(-np.array([1.0, 0.0, -1.0, -2.0])))
    assert thresholds == pytest.approx(((sigmoid[0] + sigmoid[1]) / 2, (sigmoid[2] + sigmoid[3]) / 2))


def test_fitted_thresholds_raise_macro_f1_on_the_data_that_they_were_fitted_on() -> None:
    rng = np.random.default_rng(3)
    truth = (rng.random((400, 4)) < 0.15).astype(int)
    scores = scores_of((rng.normal(size=(400, 4)) + 2 * truth - 3).tolist(), truth.tolist())

    before = evaluate_multilabel(scores, PLAIN)
    chosen = DecisionRule(activation="sigmoid", label_thresholds=fit_label_thresholds(scores, PLAIN))
    after = evaluate_multilabel(scores, chosen)

    assert after.macro_f1 > before.macro_f1 + 0.1


@pytest.mark.parametrize(
    "scores, rule, match",
    [
        pytest.param(scores_of([[0.0, 1.0]], [1]), PLAIN, "scores is multiclass", id="scores"),
        pytest.param(scores_of([[0.0]], [[1]]), DecisionRule(), "rule is multiclass", id="rule"),
        pytest.param(scores_of([[np.inf]], [[1]]), PLAIN, "NaN or infinite", id="no number"),
    ],
)
def test_thresholds_are_fitted_to_multilabel_numbers_only(
    scores: Scores, rule: DecisionRule, match: str
) -> None:
    with pytest.raises(DatasetError, match=match):
        fit_label_thresholds(scores, rule)
