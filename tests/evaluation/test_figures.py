import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics

from sightline.errors import DatasetError
from sightline.evaluation import Evaluation, dense_confusion, evaluate
from sightline.records import DecisionRule, Scores, Temperature

PLAIN = DecisionRule()


def scores_of(logits: NDArray[np.float64], targets: NDArray[np.int64] | list[int]) -> Scores:
    rows, classes = logits.shape
    return Scores(
        logits=logits.astype(np.float32),
        embeddings=np.zeros((rows, 2), np.float32),
        targets=np.asarray(targets, np.int64),
        ids=tuple(f"picture-{row}.png" for row in range(rows)),
        labels=tuple(f"class-{index}" for index in range(classes)),
    )


def random_scores(seed: int, rows: int, classes: int, used: int) -> Scores:
    """Only the first `used` classes occur as truth; the last column is never predicted."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, used, rows)
    logits = rng.normal(size=(rows, classes))
    logits[np.arange(rows), targets] += 1.0
    logits[:, -1] -= 100.0
    return scores_of(logits, targets)


CASES = {
    "ordinary": random_scores(0, 200, 4, used=4),
    "a class without a sample": random_scores(1, 120, 7, used=5),
    "one class as truth": random_scores(2, 30, 3, used=1),
    "one class at all": scores_of(np.zeros((5, 1)), [0] * 5),
    "one row": random_scores(3, 1, 8, used=1),
    "all ties": scores_of(np.zeros((9, 3)), [0, 1, 2] * 3),
    "all wrong": scores_of(np.tile([0.0, 9.0], (4, 1)), [0, 0, 0, 0]),
    "more rows than a block": random_scores(4, 3000, 1000, used=900),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def scores(request: pytest.FixtureRequest) -> Scores:
    case: Scores = request.param
    return case


def predictions_of(scores: Scores) -> NDArray[np.int64]:
    return np.asarray([row.argmax() for row in scores.logits], np.int64)


def test_per_class_and_macro_figures_are_those_of_scikit_learn(scores: Scores) -> None:
    found = evaluate(scores, PLAIN)

    predicted = predictions_of(scores)
    each = metrics.precision_recall_fscore_support(
        scores.targets, predicted, labels=range(len(scores.labels)), zero_division=np.nan
    )
    macro = metrics.precision_recall_fscore_support(
        scores.targets, predicted, average="macro", zero_division=0
    )
    for index, figures in enumerate(found.per_class):
        assert figures.label == scores.labels[index]
        assert figures.support == each[3][index]
        assert figures.predicted == np.sum(predicted == index)
        for value, column in zip((figures.precision, figures.recall, figures.f1), each, strict=False):
            assert value == (None if np.isnan(column[index]) else pytest.approx(column[index]))
    assert (found.macro_precision, found.macro_f1) == pytest.approx((macro[0], macro[2]))
    assert found.macro_recall == pytest.approx(np.nanmean(each[1]))


def test_accuracies_and_confusion_are_those_of_scikit_learn(scores: Scores) -> None:
    found = evaluate(scores, PLAIN)

    predicted = predictions_of(scores)
    every_class = list(range(len(scores.labels)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "y_pred contains classes not in y_true"
        balanced = metrics.balanced_accuracy_score(scores.targets, predicted)
        confusion = metrics.confusion_matrix(scores.targets, predicted, labels=every_class)
    assert found.count == len(scores.targets)
    assert found.top1_accuracy == pytest.approx(metrics.accuracy_score(scores.targets, predicted))
    assert found.balanced_accuracy == pytest.approx(balanced)
    assert dense_confusion(found.confusion, len(every_class)).tolist() == confusion.tolist()
    assert all(cell.times > 0 for cell in found.confusion)


def test_probability_figures_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(6)
    scores = scores_of(rng.normal(scale=3.0, size=(150, 4)), rng.integers(0, 4, 150))

    found = evaluate(scores, DecisionRule(calibration=Temperature(value=1.7)))

    probabilities = DecisionRule(calibration=Temperature(value=1.7)).probabilities(scores.logits)
    assert found.negative_log_likelihood == pytest.approx(
        metrics.log_loss(scores.targets, probabilities, labels=range(4))
    )
    assert found.brier_score == pytest.approx(
        metrics.brier_score_loss(scores.targets, probabilities, labels=range(4), scale_by_half=False)
    )


def test_top5_is_that_of_scikit_learn_where_nothing_ties() -> None:
    scores = random_scores(5, 300, 9, used=9)

    found = evaluate(scores, PLAIN)

    expected = metrics.top_k_accuracy_score(scores.targets, scores.logits, k=5, labels=range(9))
    assert expected < 1
    assert found.top5_accuracy == pytest.approx(expected)


def test_top5_is_none_where_it_could_only_be_one() -> None:
    assert evaluate(scores_of(np.zeros((2, 5)), [0, 4]), PLAIN).top5_accuracy is None
    assert evaluate(scores_of(np.zeros((2, 6)), [0, 4]), PLAIN).top5_accuracy == 1.0


def test_ties_go_to_the_earlier_label_in_every_figure() -> None:
    tied = scores_of(np.zeros((6, 6)), [0, 1, 2, 3, 4, 5])

    found = evaluate(tied, PLAIN)

    assert found.top1_accuracy == pytest.approx(1 / 6)
    assert found.top5_accuracy == pytest.approx(5 / 6)
    assert found.confusion == tuple((truth, 0, 1) for truth in range(6))


def test_a_probability_too_small_for_a_float_still_has_a_finite_likelihood() -> None:
    scores = scores_of(np.array([[0.0, 5000.0]]), [0])

    assert evaluate(scores, PLAIN).negative_log_likelihood == pytest.approx(5000.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_logits_that_are_not_finite_are_refused_by_the_name_of_the_sample(bad: float) -> None:
    logits = np.zeros((4000, 300))
    logits[3600, 7] = bad

    with pytest.raises(DatasetError, match=r"1 of 4000 samples, the first being 'picture-3600\.png'"):
        evaluate(scores_of(logits, [0] * 4000), PLAIN)


def test_no_sample_at_all_is_an_error_that_says_so() -> None:
    with pytest.raises(DatasetError, match="nothing to evaluate"):
        evaluate(scores_of(np.zeros((0, 3)), []), PLAIN)


def test_an_evaluation_survives_the_way_through_json(scores: Scores) -> None:
    found = evaluate(scores, PLAIN)

    assert Evaluation.model_validate_json(found.model_dump_json()) == found


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_figures_do_not_depend_on_the_order_of_the_rows(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 30))
    # Coarse logits, so that ties are common.
    values = data.draw(st.lists(st.integers(-3, 3), min_size=rows * 6, max_size=rows * 6))
    targets = data.draw(st.lists(st.integers(0, 5), min_size=rows, max_size=rows))
    order = data.draw(st.permutations(range(rows)))
    logits = np.asarray(values, float).reshape(rows, 6)

    one = evaluate(scores_of(logits, targets), PLAIN)
    other = evaluate(scores_of(logits[order], [targets[index] for index in order]), PLAIN)

    assert one.confusion == other.confusion
    assert one.top5_accuracy == other.top5_accuracy
    assert one.expected_calibration_error == pytest.approx(other.expected_calibration_error)
    assert one.negative_log_likelihood == pytest.approx(other.negative_log_likelihood)
