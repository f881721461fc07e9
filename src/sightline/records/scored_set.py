"""Scores, and what is known about the pictures beside them: all that figures, slices and comparisons need."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sightline.records.frozen import Frozen
from sightline.records.scores import Scores

Column = NDArray[np.str_] | NDArray[np.float64]


class ScoresOrigin(Frozen):
    """Where scores come from.

    bundle_id, graph_sha256
        The bundle that was scored, and its graph. Another decision on the same graph has the same scores.
    split
        Which part of the data was scored: train, val, calibration, test or all.
    seen_in_training
        How many of the pictures, by content, the bundle was trained on. More than 0 flatters the figures.
    views
        Test-time augmentation that the logits are means over; empty as in production.
    variant
        Which of the bundle's variants answered; None in files from before this was written down.
    """

    bundle_id: str
    graph_sha256: str
    split: str
    seen_in_training: int = 0
    views: tuple[str, ...] = ()
    variant: str | None = None


@dataclass(frozen=True, eq=False)
class ScoredSet:
    """Scores of N pictures with what stands beside them.

    groups
        int64 `[N]`: pictures of the same number are no independent evidence: same group, same content, near
        copies. None: nothing is known to belong together.
    columns
        By name, one cell a row: text, `''` where there is none; or float64 numbers, NaN where there is none.
    """

    scores: Scores
    origin: ScoresOrigin
    groups: NDArray[np.int64] | None = None
    columns: Mapping[str, Column] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = len(self.scores.ids)
        assert self.groups is None or (self.groups.shape == (rows,) and self.groups.dtype == np.int64)
        assert all(cells.shape == (rows,) for cells in self.columns.values())
