import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics

from sightline.errors import DatasetError
from sightline.evaluation import (
    Evaluation,
    MultilabelEvaluation,
    Sampling,
    evaluate,
    evaluate_multilabel,
    evaluate_scores,
    headline,
)
from sightline.evaluation.average_precision import average_precision
from sightline.records import DecisionRule, Isotonic, Scores, Temperature
from sightline.records.calibration import Curve

PLAIN = DecisionRule(activation="sigmoid")


def scores_of(logits: NDArray[np.float64], multi_hot: NDArray[np.bool_] | list[list[int]]) -> Scores:
    rows, labels = logits.shape
    return Scores(
        logits=logits.astype(np.float32),
        embeddings=np.zeros((rows, 2), np.float32),
        targets=np.asarray(multi_hot, np.uint8),
        ids=tuple(f"picture-{row}.png" for row in range(rows)),
        labels=tuple(f"label-{index}" for index in range(labels)),
    )


def random_scores(seed: int, rows: int, labels: int, share: float = 0.3, steps: int = 0) -> Scores:
    """With `steps`, logits in so many steps a unit: many are equal. The last label is never true nor claimed."""
    rng = np.random.default_rng(seed)
    truth = rng.random((rows, labels)) < share
    truth[:, -1] = False
    logits = rng.normal(size=(rows, labels)) + 1.5 * truth - 0.7
    logits[:, -1] = -9.0
    return scores_of(np.round(logits * steps) / steps if steps else logits, truth)


CASES = {
    "ordinary": random_scores(0, 200, 5),
    "many equal logits": random_scores(1, 150, 6, steps=2),
    "rare labels": random_scores(2, 60, 9, share=0.03),
    "one row": random_scores(3, 1, 4),
    "all logits equal": scores_of(np.zeros((6, 2)), [[1, 0]] * 3 + [[0, 1]] * 3),
    "no label true of anything": scores_of(np.full((4, 3), -2.0), [[0, 0, 0]] * 4),
    "all labels true of everything": scores_of(np.full((4, 3), 2.0), [[1, 1, 1]] * 4),
    "more rows than a block": random_scores(4, 2500, 1000, share=0.01),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def scores(request: pytest.FixtureRequest) -> Scores:
    case: Scores = request.param
    return case


def claims_of(scores: Scores, threshold: float = 0.5) -> NDArray[np.int64]:
    return (1 / (1 + np.exp(-scores.logits.astype(float))) >= threshold).astype(np.int64)


def test_figures_by_label_and_their_means_are_those_of_scikit_learn(scores: Scores) -> None:
    found = evaluate_multilabel(scores, PLAIN)

    claims = claims_of(scores)
    each = metrics.precision_recall_fscore_support(scores.targets, claims, average=None, zero_division=np.nan)
    seen = np.flatnonzero(scores.targets.any(axis=0) | claims.any(axis=0))
    for index, figures in enumerate(found.per_label):
        assert (figures.support, figures.predicted) == (each[3][index], claims[:, index].sum())
        for value, column in zip((figures.precision, figures.recall, figures.f1), each, strict=False):
            assert value == (None if np.isnan(column[index]) else pytest.approx(column[index]))
        assert figures.threshold == 0.5
    micro = metrics.precision_recall_fscore_support(scores.targets, claims, average="micro", zero_division=0)
    assert (found.micro_precision, found.micro_recall, found.micro_f1) == pytest.approx(micro[:3])
    macro = [np.mean(np.nan_to_num(column[seen])) if len(seen) else 0.0 for column in each[:3]]
    recall = np.nanmean(each[1]) if scores.targets.any() else 0.0
    assert (found.macro_precision, found.macro_recall, found.macro_f1) == pytest.approx(
        (macro[0], recall, macro[2])
    )


def test_average_precisions_are_those_of_scikit_learn(scores: Scores) -> None:
    found = evaluate_multilabel(scores, PLAIN)

    supported = np.flatnonzero(scores.targets.any(axis=0))
    expected = {
        index: metrics.average_precision_score(scores.targets[:, index], scores.logits[:, index])
        for index in supported
    }
    for index, figures in enumerate(found.per_label):
        assert figures.average_precision == (pytest.approx(expected[index]) if index in expected else None)
    assert found.map == (pytest.approx(np.mean(list(expected.values()))) if expected else None)


def test_average_precision_is_that_of_the_probabilities_that_are_served() -> None:
    """An isotonic curve gives the two best rows the same probability: nobody who sees it can tell them apart."""
    logits = np.array([[3.0], [2.0], [-1.0], [-2.0]], np.float32)
    scores = scores_of(logits, [[1], [0], [1], [0]])
    curve = Curve(logits=(-2.0, -1.0, 1.0), probabilities=(0.1, 0.4, 0.9))
    rule = DecisionRule(activation="sigmoid", calibration=Isotonic(curves=(curve,)))

    quick, deep = evaluate_multilabel(scores, rule), evaluate_multilabel(scores, rule, Sampling(resamples=20))

    served = rule.probabilities(scores.logits)[:, 0]
    expected = metrics.average_precision_score(scores.targets[:, 0], served)
    assert expected != pytest.approx(metrics.average_precision_score(scores.targets[:, 0], logits[:, 0]))
    assert quick.per_label[0].average_precision == pytest.approx(expected)
    assert deep.per_label[0].average_precision == pytest.approx(expected)
    assert deep.per_label[0].intervals["average_precision"].value == pytest.approx(expected)
    assert deep.per_label[0].roc_auc == pytest.approx(metrics.roc_auc_score(scores.targets[:, 0], served))
    assert [cut.threshold for cut in deep.per_label[0].curve] == pytest.approx([0.9, 0.4])


def test_whole_answers_and_single_pairs_are_judged_as_scikit_learn_does(scores: Scores) -> None:
    found = evaluate_multilabel(scores, PLAIN)

    claims = claims_of(scores)
    probabilities = 1 / (1 + np.exp(-scores.logits.astype(float)))
    truth = scores.multi_hot.astype(float)
    of_truth = np.where(truth == 1, probabilities, 1 - probabilities)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # one label of one value is no binary problem to it
        assert found.hamming_loss == pytest.approx(metrics.hamming_loss(scores.targets, claims))
        assert found.exact_match == pytest.approx(metrics.accuracy_score(scores.targets, claims))
    assert found.brier_score == pytest.approx(((probabilities - truth) ** 2).mean())
    assert found.negative_log_likelihood == pytest.approx(-np.log(of_truth).mean())
    assert sum(one.count for one in found.reliability) == scores.logits.size


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=40))
def test_average_precision_agrees_with_scikit_learn_whatever_is_equal(rows: list[tuple[int, bool]]) -> None:
    values = np.array([row[0] for row in rows], np.float64)
    truth = np.array([row[1] for row in rows], np.uint8)

    found = average_precision(values, truth)

    expected = metrics.average_precision_score(truth, values) if truth.any() else None
    assert found == (expected if expected is None else pytest.approx(expected))


def test_a_perfect_ranking_has_average_precision_1_and_a_constant_one_the_share_of_the_label() -> None:
    truth = np.array([1, 1, 0, 0, 0], np.uint8)

    assert average_precision(np.array([5.0, 4.0, 3.0, 2.0, 1.0]), truth) == 1.0
    assert average_precision(np.zeros(5), truth) == pytest.approx(0.4)


def test_pooled_calibration_error_worked_out_by_hand() -> None:
    # Pairs: 0.9 true, 0.9 false (bin 14 of 15: |0.5 − 0.9|), 0.2 false, 0.2 false (bin 3: |0 − 0.2|).
    logits = np.log(np.array([[0.9, 0.2], [0.9, 0.2]]) / (1 - np.array([[0.9, 0.2], [0.9, 0.2]])))

    found = evaluate_multilabel(scores_of(logits, [[1, 0], [0, 0]]), PLAIN)

    assert found.expected_calibration_error == pytest.approx(0.4 / 2 + 0.2 / 2, abs=1e-6)


def test_thresholds_of_the_rule_decide_what_is_claimed() -> None:
    scores = random_scores(7, 100, 3)

    found = evaluate_multilabel(scores, DecisionRule(activation="sigmoid", label_thresholds=(0.0, 0.3, 1.0)))

    assert [one.threshold for one in found.per_label] == [0.0, 0.3, 1.0]
    assert [one.predicted for one in found.per_label] == [100, claims_of(scores, 0.3)[:, 1].sum(), 0]
    assert found.thresholds_chosen


def test_temperature_changes_probabilities_and_no_ranking() -> None:
    scores = random_scores(8, 100, 3)

    plain = evaluate_multilabel(scores, PLAIN)
    hot = evaluate_multilabel(scores, DecisionRule(activation="sigmoid", calibration=Temperature(value=9.0)))

    assert hot.map == plain.map
    assert hot.macro_f1 == plain.macro_f1
    assert hot.negative_log_likelihood != pytest.approx(plain.negative_log_likelihood)


def test_the_task_of_the_scores_chooses_the_figures() -> None:
    several = random_scores(9, 20, 3)
    one = Scores(several.logits, several.embeddings, np.arange(20) % 3, several.ids, several.labels)

    judged = evaluate_scores(several, PLAIN), evaluate_scores(one, DecisionRule())

    assert (several.task, one.task) == ("multilabel", "multiclass")
    assert isinstance(judged[0], MultilabelEvaluation)
    assert isinstance(judged[1], Evaluation)
    assert "map" in headline(judged[0])
    assert "accuracy" in headline(judged[1])
    assert MultilabelEvaluation.model_validate_json(judged[0].model_dump_json()) == judged[0]


def test_scores_and_rule_of_different_tasks_are_refused_both_ways() -> None:
    several = random_scores(10, 20, 3)
    one = Scores(several.logits, several.embeddings, np.arange(20) % 3, several.ids, several.labels)

    for scores, rule in ((several, DecisionRule()), (one, PLAIN)):
        with pytest.raises(DatasetError, match=r"The task of the rule is multi\w+ where multi\w+ is needed"):
            evaluate_scores(scores, rule)
    with pytest.raises(DatasetError, match="task of the scores is multilabel"):
        evaluate(several, DecisionRule())
    with pytest.raises(DatasetError, match="task of the scores is multiclass"):
        evaluate_multilabel(one, PLAIN)


def test_no_rows_and_no_numbers_are_refused() -> None:
    with pytest.raises(DatasetError, match="nothing to evaluate"):
        evaluate_multilabel(scores_of(np.empty((0, 2)), np.empty((0, 2), bool)), PLAIN)
    with pytest.raises(DatasetError, match=r"picture-1\.png"):
        evaluate_multilabel(scores_of(np.array([[0.0, 1.0], [np.nan, 0.0]]), [[0, 1], [1, 0]]), PLAIN)
