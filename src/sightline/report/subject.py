"""What the page is about: scored pictures, and what was decided of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.blocks import row_blocks
from sightline.evaluation.label_doubt import DoubtedLabels, doubt_labels
from sightline.evaluation.per_picture import PerPicture, read_pictures
from sightline.records import ACCEPT, DecisionRule, ScoredSet, Scores


@dataclass(frozen=True, eq=False)
class Subject:
    """Scored pictures under a rule.

    outlier_scores
        float64 `[N]`, larger is stranger. None: the bundle has no such score.
    """

    scored: ScoredSet
    rule: DecisionRule
    outlier_scores: NDArray[np.float64] | None = None

    @property
    def scores(self) -> Scores:
        """The scores themselves."""
        return self.scored.scores

    @cached_property
    def pictures(self) -> PerPicture:
        """Each picture's answer."""
        return read_pictures(self.scores, self.rule)

    @cached_property
    def verdicts(self) -> NDArray[np.uint8] | None:
        """Indices into `VERDICTS`, uint8 `[N]`; None: the rule accepts every answer."""
        rule = self.rule
        if rule.activation == "softmax" and rule.accept_thresholds is None and rule.outliers is None:
            return None
        parts = []
        for block in row_blocks(self.scores):
            strangeness = None if self.outlier_scores is None else self.outlier_scores[block]
            decided = rule.decide_rows(rule.probabilities(self.scores.logits[block]), strangeness)
            parts.append(decided.verdicts)
        return np.concatenate(parts)

    @cached_property
    def doubted(self) -> DoubtedLabels:
        """Labels that the answers contradict."""
        return doubt_labels(self.scores, self.rule)

    @property
    def accepted(self) -> NDArray[np.bool_] | None:
        """Which answers are accepted, bool `[N]`; None: all of them, for want of a rule."""
        return None if self.verdicts is None else np.asarray(self.verdicts == ACCEPT, np.bool_)

    def truth(self, row: int) -> tuple[str, ...]:
        """The labels that are true of a picture."""
        return self._named(np.flatnonzero(self.scores.multi_hot[row]) if self._several else [self._of(row)])

    def answer(self, row: int) -> tuple[str, ...]:
        """The labels that are answered."""
        if not self._several:
            return (self.scores.labels[int(self.pictures.answer[row])],)
        return self._named(np.flatnonzero(self.rule.present(self.probabilities(row)[None])[0]))

    def probabilities(self, row: int) -> NDArray[np.float64]:
        """Calibrated, float64 `[C]`."""
        found: NDArray[np.float64] = self.rule.probabilities(self.scores.logits[row : row + 1])[0]
        return found

    def apart(self, rows: Sequence[int] | NDArray[np.int64], most: int) -> list[int]:
        """The first so many of some rows, of each group that belongs together only the first."""
        groups, seen, kept = self.scored.groups, set[int](), list[int]()
        for row in map(int, rows):
            group = -1 - row if groups is None else int(groups[row])
            if group not in seen:
                seen.add(group)
                kept.append(row)
            if len(kept) == most:
                break
        return kept

    @property
    def _several(self) -> bool:
        return self.scores.task == "multilabel"

    def _of(self, row: int) -> int:
        return int(self.scores.classes[row])

    def _named(self, indices: Sequence[int] | NDArray[np.int64]) -> tuple[str, ...]:
        return tuple(self.scores.labels[int(index)] for index in indices)
