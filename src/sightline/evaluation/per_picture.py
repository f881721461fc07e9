"""What can be said of each single picture's answer: right or not, how sure, how close to another answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.blocks import row_blocks
from sightline.evaluation.intervals import Floats
from sightline.records import DecisionRule, Scores


@dataclass(frozen=True, eq=False)
class PerPicture:
    """One entry a row, in the order of the scores.

    answer
        int64 `[N]`: the answered label; with several labels a picture the most probable one.
    right
        bool `[N]`: the answer is the truth; with several labels, all of them are answered as they are.
    surprise
        float64 `[N]`, in [0, 1]: how sure a wrong answer was, its probability; with several labels the largest
        distance of a wrong label's probability from the truth. Of right answers 0.
    closeness
        float64 `[N]`, in [0, 1], the smaller the less certain: by how much the most probable label leads the next
        (margin sampling: Scheffer et al. 2001, Active hidden Markov models for information extraction); with several
        labels the smallest distance of any probability from its label's threshold.
    confidence
        float64 `[N]`, in [0, 1]: the probability of `answer`.
    """

    answer: NDArray[np.int64]
    right: NDArray[np.bool_]
    surprise: Floats
    closeness: Floats
    confidence: Floats


def read_pictures(scores: Scores, rule: DecisionRule) -> PerPicture:
    """Read every row's answer under the rule, a block of rows at a time. Needs finite logits."""
    read = _read_answers if scores.task == "multiclass" else _read_labels
    parts = [read(scores, rule, block) for block in row_blocks(scores)]
    return PerPicture(
        answer=np.concatenate([part.answer for part in parts]),
        right=np.concatenate([part.right for part in parts]),
        surprise=np.concatenate([part.surprise for part in parts]),
        closeness=np.concatenate([part.closeness for part in parts]),
        confidence=np.concatenate([part.confidence for part in parts]),
    )


def _read_answers(scores: Scores, rule: DecisionRule, block: slice) -> PerPicture:
    probabilities = rule.probabilities(scores.logits[block])
    answer = rule.present(probabilities).argmax(axis=1).astype(np.int64)
    confidence = np.take_along_axis(probabilities, answer[:, None], axis=1)[:, 0]
    right = answer == scores.classes[block]
    first_two = np.partition(probabilities, -2, axis=1)[:, -2:]
    return PerPicture(
        answer,
        np.asarray(right, np.bool_),
        np.where(right, 0.0, confidence),
        first_two[:, 1] - first_two[:, 0],
        confidence,
    )


def _read_labels(scores: Scores, rule: DecisionRule, block: slice) -> PerPicture:
    probabilities, truth = rule.probabilities(scores.logits[block]), scores.multi_hot[block] == 1
    wrong = rule.present(probabilities) != truth
    return PerPicture(
        probabilities.argmax(axis=1).astype(np.int64),
        np.asarray(~wrong.any(axis=1), np.bool_),
        np.where(wrong, np.abs(probabilities - truth), 0.0).max(axis=1),
        np.abs(probabilities - rule.thresholds(probabilities.shape[1])).min(axis=1),
        probabilities.max(axis=1),
    )
