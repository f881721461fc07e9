import numpy as np
import pytest

from reported import noisy_labels, noisy_scores
from sightline.evaluation.label_doubt import doubt_labels
from sightline.evaluation.per_picture import read_pictures
from sightline.records import DecisionRule, Scores

SIGMOID = DecisionRule(activation="sigmoid")


def test_a_wrong_answer_surprises_by_its_probability() -> None:
    scores = noisy_scores(("a", "b", "c"), 40)

    found = read_pictures(scores, DecisionRule())

    probabilities = DecisionRule().probabilities(scores.logits)
    right = probabilities.argmax(axis=1) == scores.classes
    np.testing.assert_array_equal(found.right, right)
    np.testing.assert_allclose(found.surprise, np.where(right, 0, probabilities.max(axis=1)))
    np.testing.assert_allclose(found.closeness, np.diff(np.sort(probabilities, axis=1))[:, -1])


def test_of_several_labels_the_most_wrong_one_counts() -> None:
    scores = noisy_labels(("a", "b"), 60)

    found = read_pictures(scores, SIGMOID)

    probabilities = SIGMOID.probabilities(scores.logits)
    wrong = (probabilities >= 0.5) != (scores.multi_hot == 1)
    expected = (np.abs(probabilities - scores.multi_hot) * wrong).max(axis=1)
    np.testing.assert_allclose(found.surprise, expected)
    np.testing.assert_allclose(found.closeness, np.abs(probabilities - 0.5).min(axis=1))
    np.testing.assert_array_equal(found.right, ~wrong.any(axis=1))


def test_swapped_labels_are_doubted_first() -> None:
    clean = noisy_scores(("a", "b", "c"), 300, sharpness=14.0)
    targets = clean.classes.copy()
    swapped = [3, 50, 200]
    targets[swapped] = (targets[swapped] + 1) % 3
    scores = Scores(clean.logits, clean.embeddings, targets, clean.ids, clean.labels)

    doubted = doubt_labels(scores, DecisionRule())

    assert set(doubted.rows.tolist()) <= set(swapped)
    assert len(doubted.rows) >= 2
    np.testing.assert_array_equal(doubted.label, clean.classes[doubted.rows])
    assert (np.diff(doubted.margin) >= 0).all()


@pytest.mark.parametrize("given", [0, 1], ids=["missing", "too many"])
def test_a_label_that_was_flipped_is_doubted(given: int) -> None:
    clean = noisy_labels(("a", "b"), 400)
    clean = Scores(clean.logits * 3, clean.embeddings, clean.multi_hot, clean.ids, clean.labels)
    rows = np.flatnonzero((clean.multi_hot[:, 1] != given) & (np.abs(clean.logits[:, 1]) > 8))[:2]
    targets = clean.multi_hot.copy()
    targets[rows, 1] = given
    scores = Scores(clean.logits, clean.embeddings, targets, clean.ids, clean.labels)

    doubted = doubt_labels(scores, SIGMOID)

    assert set(rows.tolist()) <= set(doubted.rows[doubted.label == 1].tolist())


def test_a_class_without_a_picture_is_never_suggested() -> None:
    scores = noisy_scores(("a", "b"), 30, sharpness=0.5)
    logits = np.column_stack([scores.logits, np.full(30, 9.0, np.float32)])
    with_unseen = Scores(logits, scores.embeddings, scores.targets, scores.ids, ("a", "b", "unseen"))

    assert len(doubt_labels(with_unseen, DecisionRule()).rows) < 30
    assert 2 not in doubt_labels(with_unseen, DecisionRule()).label
