"""What stands at each boundary of the way from bytes to logits, for whoever asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Observer = Callable[[str, NDArray[Any]], None]


@dataclass(frozen=True)
class StageReport:
    """Shape, dtype and range of values at one boundary: `decode`, `orient`, `resize`, or one of the caller's."""

    stage: str
    shape: tuple[int, ...]
    dtype: str
    minimum: float
    maximum: float
    mean: float


def describe_stage(stage: str, values: NDArray[Any]) -> StageReport:
    """Summarise an array at a boundary.

    >>> describe_stage("resize", np.zeros((2, 2, 3), np.uint8)).dtype
    'uint8'
    """
    return StageReport(
        stage,
        values.shape,
        str(values.dtype),
        float(np.min(values)),
        float(np.max(values)),
        float(np.mean(values)),
    )
