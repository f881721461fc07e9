import numpy as np
import pytest
from numpy.typing import NDArray

from sightline.records import Scores, Targets


def scores_of(targets: Targets) -> Scores:
    return Scores(
        np.zeros((2, 3), np.float32), np.zeros((2, 1), np.float32), targets, ("x", "y"), ("a", "b", "c")
    )


def test_class_indices_are_multiclass_and_columns_are_multilabel() -> None:
    one, several = scores_of(np.array([0, 2])), scores_of(np.array([[1, 0, 1], [0, 0, 0]], np.uint8))

    assert (one.task, one.classes.tolist()) == ("multiclass", [0, 2])
    assert (several.task, several.multi_hot.tolist()) == ("multilabel", [[1, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize(
    "targets",
    [
        pytest.param(np.array([0, 3]), id="class out of range"),
        pytest.param(np.array([0, 1], np.uint8), id="indices of the wrong type"),
        pytest.param(np.array([[1, 0], [0, 1]], np.uint8), id="a column too few"),
        pytest.param(np.array([[1, 0, 2], [0, 0, 0]], np.uint8), id="neither 0 nor 1"),
        pytest.param(np.array([[1, 0, 1], [0, 0, 0]]), id="columns of the wrong type"),
    ],
)
def test_targets_of_neither_shape_are_refused(targets: NDArray[np.int64]) -> None:
    with pytest.raises(AssertionError):
        scores_of(targets)
