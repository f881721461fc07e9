import numpy as np
import pytest

from score_makers import one_true
from sightline.evaluation.resampling import Sampling
from sightline.lifecycle.optimizing import Limits
from sightline.lifecycle.optimizing.gate import Answering, golden_apart, judge_variant
from sightline.records import DecisionRule, Scores

RULE = DecisionRule()


def answering(scores):
    return Answering(scores, RULE, (scores.logits[:5], scores.embeddings[:5]))


def altered(scores, rows, towards):
    """The same scores with other answers in some rows."""
    logits = scores.logits.copy()
    logits[rows] = -10.0
    logits[rows, towards] = 10.0
    return Scores(logits, scores.embeddings, scores.targets, scores.ids, scores.labels)


def judged(variant, reference, **limits):
    return judge_variant(answering(variant), answering(reference), Sampling(), Limits(**limits))


def test_the_reference_itself_passes_and_differs_in_nothing():
    scores = one_true(0, 400)

    gate = judged(scores, scores)

    assert gate.passed
    assert (gate.drop.value, gate.label_agreement, gate.max_probability_difference, gate.golden) == (
        0,
        1,
        0,
        0,
    )
    assert gate.drop.low < 0 < gate.drop.high


def test_a_loss_of_accuracy_is_held_against_it_with_the_figures():
    scores = one_true(0, 400, scale=4.0)
    right = np.flatnonzero(scores.logits.argmax(axis=1) == scores.classes)[:12]
    worse = altered(scores, right, (scores.classes[right] + 1) % 4)

    gate = judged(worse, scores, max_drop=0.02, max_recall_drop=1.0)

    assert gate.drop.value == pytest.approx(0.03)
    assert gate.drop.low > 0
    assert not gate.passed
    assert "accuracy falls by 0.0300" in gate.objections[0]
    assert "allowed are 0.02" in gate.objections[0]


def test_a_class_that_is_given_up_is_found_though_accuracy_hardly_falls():
    scores = one_true(0, 400, scale=4.0)
    mine = scores.classes == 2
    right = np.flatnonzero(mine & (scores.logits.argmax(axis=1) == 2))[:8]
    worse = altered(scores, right, np.zeros(8, int))

    gate = judged(worse, scores, max_drop=0.05, max_recall_drop=0.05)

    assert gate.worst_class == "c"
    assert gate.worst_recall_change == pytest.approx(-8 / mine.sum())
    assert "recall of 'c' falls by" in gate.objections[0]


def test_one_picture_of_a_small_class_is_no_finding():
    scores = one_true(0, 400, scale=4.0)
    rows = np.concatenate([np.flatnonzero(scores.classes != 2), np.flatnonzero(scores.classes == 2)[:10]])
    few = Scores(
        scores.logits[rows],
        scores.embeddings[rows],
        scores.targets[rows],
        tuple(scores.ids[row] for row in rows),
        scores.labels,
    )
    right = np.flatnonzero((few.classes == 2) & (few.logits.argmax(axis=1) == 2))[:1]

    gate = judged(altered(few, right, np.zeros(1, int)), few, max_drop=0.05, max_recall_drop=0.02)

    assert gate.worst_recall_change == pytest.approx(-0.1)
    assert gate.passed


def test_how_far_golden_outputs_part_is_a_share_of_the_largest():
    golden = (np.array([[20.0, 0.0]], np.float32), np.array([[0.5]], np.float32))
    other = (np.array([[19.0, 0.0]], np.float32), np.array([[0.7]], np.float32))

    assert golden_apart(other, golden) == pytest.approx(0.2)
