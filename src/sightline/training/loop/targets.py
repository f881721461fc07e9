"""What is true of each image of a data set, in the form that the task asks for."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.dataset import Dataset
from sightline.records import Task


def targets_of(dataset: Dataset, task: Task) -> NDArray[Any]:
    """Class indices int64 `[N]` for multiclass; multi-hot uint8 `[N, C]` for multilabel.

    Raises:
        DatasetError: an image does not have exactly one label, and the task is multiclass.
    """
    return dataset.targets() if task == "multiclass" else dataset.multi_hot()


def soft_targets(targets: NDArray[Any], classes: int) -> Tensor:
    """Targets as shares, float32 `[N, C]`: one-hot for class indices, else as they are."""
    if targets.ndim == 1:
        return torch.from_numpy(np.eye(classes, dtype=np.float32)[targets])
    return torch.from_numpy(targets.astype(np.float32))


def counts_of(targets: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """Images of each label, int64 `[C]`."""
    if targets.ndim == 1:
        return np.bincount(targets, minlength=classes).astype(np.int64)
    counts: NDArray[np.int64] = targets.sum(axis=0, dtype=np.int64)
    return counts
