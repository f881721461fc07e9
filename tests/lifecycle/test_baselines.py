from pathlib import Path

import numpy as np
import pytest

from quadrants import draw_quadrants
from sightline.dataset import Dataset
from sightline.evaluation import Evaluation, evaluate
from sightline.lifecycle.baselines import majority_scores, not_beaten
from sightline.records import DecisionRule, Scores


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root: Path = tmp_path_factory.mktemp("quadrants")
    dataset = draw_quadrants(root, train=4, val=3)
    rows = [
        row for row, one in enumerate(dataset.samples) if one.split == "val" or one.labels != ("top-left",)
    ]
    extra = [row for row, one in enumerate(dataset.samples) if one.labels == ("top-left",)][:1]
    return dataset.take(sorted({*rows, *extra}))


def test_the_majority_answers_with_the_most_frequent_class_of_training_and_its_frequencies(
    dataset: Dataset,
) -> None:
    train, val = dataset.of_split("train"), dataset.of_split("val")

    scores = majority_scores(train, val, "multiclass")

    probabilities = DecisionRule().probabilities(scores.logits)
    assert len(scores.ids) == len(val)
    assert probabilities[0, train.labels.index("top-left")] == probabilities[0].min()
    assert np.ptp(probabilities, axis=0).max() == 0
    assert evaluate(scores, DecisionRule()).top1_accuracy == pytest.approx(0.25)


def evaluation(right: int) -> Evaluation:
    targets = np.arange(8, dtype=np.int64) % 2
    answers = np.where(np.arange(8) < right, targets, 1 - targets)
    logits = np.eye(2, dtype=np.float32)[answers]
    ids = tuple(map(str, range(8)))
    return evaluate(Scores(logits, logits, targets, ids, ("a", "b")), DecisionRule())


def test_a_network_that_is_no_better_than_a_baseline_is_told_so() -> None:
    (said,) = not_beaten(evaluation(6), {"majority": evaluation(4), "linear_probe": evaluation(6)})

    assert "does not beat the linear probe on the pretrained backbone" in said
    assert "macro-F1 0.750 against 0.750" in said


def test_a_network_that_beats_its_baselines_is_not_spoken_of() -> None:
    assert not_beaten(evaluation(7), {"majority": evaluation(4), "linear_probe": evaluation(6)}) == ()
