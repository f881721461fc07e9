"""What each row was answered: the few numbers a row that every other figure is made from."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.blocks import row_blocks
from sightline.evaluation.likelihood import row_losses
from sightline.records import DecisionRule, Scores

_FAINTEST = 1e-300


@dataclass(frozen=True, eq=False)
class Answers:
    """One entry a row, in the order of the scores.

    predicted
        int64 `[N]`, the answer of the rule, as in production: the most probable class, of equal ones the first,
        unless an alarm or costs make it another.
    confidence
        float64 `[N]`, the probability of the predicted class, in [0, 1].
    rank
        int64 `[N]`, how many classes are listed before the true one, the answer being listed first and the
        others by their probability: 0 is a right answer.
    squared_error
        float64 `[N]`, Σ over the classes of (p − y)², in [0, 2].
    loss
        float64 `[N]`, −log p(truth), natural logarithm; finite also where p is too small for a float.
    """

    predicted: NDArray[np.int64]
    confidence: NDArray[np.float64]
    rank: NDArray[np.int64]
    squared_error: NDArray[np.float64]
    loss: NDArray[np.float64]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the true class is the answer, bool `[N]`."""
        right: NDArray[np.bool_] = self.rank == 0
        return right


Watcher = Callable[[slice, NDArray[np.float64]], object]
"""Sees the probabilities float64 `[n, C]` of a block of rows, before they are forgotten."""


def read_answers(scores: Scores, rule: DecisionRule, watchers: tuple[Watcher, ...] = ()) -> Answers:
    """Apply the rule to every row, in one pass. Needs finite logits of at least one class."""
    parts = []
    for block in row_blocks(scores):
        probabilities = rule.probabilities(scores.logits[block])
        parts.append(_answer_block(probabilities, scores.classes[block], rule))
        _mend_losses(parts[-1].loss, scores, rule, block)
        for watch in watchers:
            watch(block, probabilities)
    return Answers(
        predicted=np.concatenate([part.predicted for part in parts]),
        confidence=np.concatenate([part.confidence for part in parts]),
        rank=np.concatenate([part.rank for part in parts]),
        squared_error=np.concatenate([part.squared_error for part in parts]),
        loss=np.concatenate([part.loss for part in parts]),
    )


def _answer_block(
    probabilities_nc: NDArray[np.float64], targets_n: NDArray[np.int64], rule: DecisionRule
) -> Answers:
    predicted = rule.decide_rows(probabilities_nc).labels
    truth = np.take_along_axis(probabilities_nc, targets_n[:, None], axis=1)
    # Of equally probable classes the one that comes first in the labels is listed first.
    places = np.arange(probabilities_nc.shape[1])
    before = (probabilities_nc > truth) | ((probabilities_nc == truth) & (places < targets_n[:, None]))
    before &= places != predicted[:, None]
    wrong = predicted != targets_n
    squares = (probabilities_nc**2).sum(axis=1)
    return Answers(
        predicted=predicted,
        confidence=np.take_along_axis(probabilities_nc, predicted[:, None], axis=1)[:, 0],
        rank=np.where(wrong, before.sum(axis=1) + 1, 0).astype(np.int64),
        squared_error=np.maximum(squares - 2 * truth[:, 0] + 1, 0.0),
        loss=-np.log(np.maximum(truth[:, 0], _FAINTEST)),
    )


def _mend_losses(loss_n: NDArray[np.float64], scores: Scores, rule: DecisionRule, block: slice) -> None:
    """From the logits, where the probability of the truth is no float any more."""
    faint = np.flatnonzero(loss_n >= -np.log(_FAINTEST))
    if len(faint):
        rows = faint + block.start
        loss_n[faint] = row_losses(scores.logits[rows], scores.classes[rows], rule.calibration)
