"""What an engine answered, in the same shape for one label a picture and for several."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.answers import read_answers
from sightline.evaluation.blocks import require_judgeable, row_blocks
from sightline.evaluation.intervals import Floats
from sightline.records import DecisionRule, Scores, require_task


@dataclass(frozen=True, eq=False)
class Answered:
    """N answers about C labels, in the order of the labels that were asked for.

    truth, claimed
        bool `[N, C]`: which labels are true of a row, and which are answered.
    right
        bool `[N]`: whether these are the same.
    confidence
        float64 `[N]`, the probability of the one answer; None where several labels may be true.
    surprise
        float64 `[N]`, how sure the answer was: the confidence, or the largest distance of a wrong label's
        probability from the truth.
    """

    truth: NDArray[np.bool_]
    claimed: NDArray[np.bool_]
    right: NDArray[np.bool_]
    confidence: Floats | None
    surprise: Floats

    def hits(self) -> NDArray[np.bool_]:
        """Labels that are true and answered, bool `[N, C]`."""
        return self.truth & self.claimed

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Right answers, support and answers of each label, int64 `[C]` each."""
        return self.hits().sum(axis=0), self.truth.sum(axis=0), self.claimed.sum(axis=0)


def read_answered(scores: Scores, rule: DecisionRule, labels: Sequence[str]) -> Answered:
    """Apply the rule to every row; the columns are then put in the order of `labels`, the same names.

    Raises:
        DatasetError: no row, a logit that is NaN or infinite, or a rule of the other task.
    """
    require_task(scores.task, rule=rule.task)
    require_judgeable(scores)
    order = [scores.labels.index(label) for label in labels]
    rows, classes = scores.logits.shape
    if scores.task == "multiclass":
        answers = read_answers(scores, rule)
        truth, claimed = (
            (one[:, None] == np.arange(classes))[:, order] for one in (scores.classes, answers.predicted)
        )
        return Answered(truth, claimed, answers.right, answers.confidence, answers.confidence)
    truth, claimed = scores.multi_hot == 1, np.empty((rows, classes), np.bool_)
    surprise = np.zeros(rows)
    for block in row_blocks(scores):
        probabilities = rule.probabilities(scores.logits[block])
        claimed[block] = rule.present(probabilities)
        wrong = claimed[block] != truth[block]
        surprise[block] = np.where(wrong, np.abs(probabilities - truth[block]), 0.0).max(axis=1)
    right = (truth == claimed).all(axis=1)
    return Answered(truth[:, order], claimed[:, order], right, None, surprise)
