import numpy as np
import pytest
from sklearn import metrics

from sightline.records import Scores
from sightline.training.loop.metrics import measure

LABELS = ("a", "b", "c")
RNG = np.random.default_rng(5)
LOGITS = RNG.normal(size=(60, 3)).astype(np.float32)
CLASSES = RNG.integers(0, 3, 60)
HOT = (RNG.random((60, 3)) < 0.4).astype(np.uint8)


def scores_of(targets):
    return Scores(LOGITS, np.zeros((60, 1), np.float32), targets, tuple(map(str, range(60))), LABELS)


def test_the_metrics_of_one_label_are_those_of_scikit_learn():
    found = measure(scores_of(CLASSES), ["balanced_accuracy", "recall_macro", "f1_macro", "accuracy"])

    answers = LOGITS.argmax(axis=1)
    assert found == pytest.approx(
        {
            "balanced_accuracy": metrics.balanced_accuracy_score(CLASSES, answers),
            "recall_macro": metrics.recall_score(CLASSES, answers, average="macro"),
            "f1_macro": metrics.f1_score(CLASSES, answers, average="macro"),
            "accuracy": metrics.accuracy_score(CLASSES, answers),
        }
    )


def test_the_metrics_of_several_labels_are_those_of_scikit_learn_at_even_odds():
    found = measure(scores_of(HOT), ["map", "f1_macro", "per_class_f1", "recall_macro", "loss"])

    claims = (LOGITS >= 0).astype(int)
    each = metrics.f1_score(HOT, claims, average=None)
    probabilities = 1 / (1 + np.exp(-LOGITS.astype(float)))
    assert list(found) == ["map", "f1_macro", "f1/a", "f1/b", "f1/c", "recall_macro", "loss"]
    assert list(found.values()) == pytest.approx(
        [
            metrics.average_precision_score(HOT, LOGITS, average="macro"),
            metrics.f1_score(HOT, claims, average="macro"),
            *each,
            metrics.recall_score(HOT, claims, average="macro"),
            -np.log(np.where(HOT == 1, probabilities, 1 - probabilities)).mean(),
        ]
    )


def test_recall_runs_over_the_labels_that_have_a_picture():
    hot = HOT.copy()
    hot[:, 2] = 0

    found = measure(scores_of(hot), ["recall_macro", "map"])

    recalls = metrics.recall_score(hot[:, :2], (LOGITS >= 0)[:, :2], average=None)
    assert found["recall_macro"] == pytest.approx(recalls.mean())
    assert found["map"] == pytest.approx(metrics.average_precision_score(hot[:, :2], LOGITS[:, :2]))


def test_without_any_true_label_the_figures_are_0():
    assert measure(scores_of(np.zeros_like(HOT)), ["map", "recall_macro"]) == {
        "map": 0.0,
        "recall_macro": 0.0,
    }
