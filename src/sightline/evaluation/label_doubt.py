"""Labels that the answers contradict with confidence: confident learning, in its simplest form.

Northcutt, Jiang and Chuang 2021, Confident learning: estimating uncertainty in dataset labels. A class counts as
confidently answered where its probability reaches what it has on average for pictures that are labelled so; a label
is in doubt where another class is, the most probable of those, and it is not the label. The doubted are ranked by the
normalised margin, p(label) − p(other).

The probabilities must come from a network that has not learnt from these labels. `sightline data labels` has the
fuller method, by cross-validation and groups.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.blocks import row_blocks
from sightline.evaluation.intervals import Floats
from sightline.records import DecisionRule, Scores


@dataclass(frozen=True, eq=False)
class DoubtedLabels:
    """Pictures whose label is in doubt, the most doubtful first.

    rows
        int64 `[M]`.
    label
        int64 `[M]`: the label that is likelier; with several labels a picture, the one most in doubt: it is missing,
        or there and should not be.
    margin
        float64 `[M]`, in [-1, 0] mostly: how much less the given label is believed than the other.
    """

    rows: NDArray[np.int64]
    label: NDArray[np.int64]
    margin: Floats


def doubt_labels(scores: Scores, rule: DecisionRule) -> DoubtedLabels:
    """Find the labels in doubt, from calibrated probabilities. Needs finite logits."""
    if scores.task == "multiclass":
        found = list(_doubt_answers(scores, rule, _self_confidence(scores, rule)))
    else:
        found = list(_doubt_each_label(scores, rule, _pair_confidence(scores, rule)))
    rows, label, margin = (np.concatenate([part[at] for part in found]) for at in range(3))
    order = np.argsort(margin, kind="stable")
    return DoubtedLabels(rows[order], label[order], margin[order])


def _self_confidence(scores: Scores, rule: DecisionRule) -> Floats:
    """The mean probability of each class among its own pictures, float64 `[C]`; above 1 where there is none."""
    sums, counts = np.zeros(len(scores.labels)), np.zeros(len(scores.labels))
    for block in row_blocks(scores):
        own = scores.classes[block]
        probabilities = rule.probabilities(scores.logits[block])
        sums += np.bincount(own, probabilities[np.arange(len(own)), own], len(sums))
        counts += np.bincount(own, minlength=len(counts))
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)


def _doubt_answers(
    scores: Scores, rule: DecisionRule, least_c: Floats
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], Floats]]:
    for block in row_blocks(scores):
        probabilities, own = rule.probabilities(scores.logits[block]), scores.classes[block]
        confident = np.where(probabilities >= least_c, probabilities, -1.0)
        other = confident.argmax(axis=1)
        places = np.arange(len(own))
        rows = np.flatnonzero((confident[places, other] > 0) & (other != own))
        margin = probabilities[rows, own[rows]] - probabilities[rows, other[rows]]
        yield rows + block.start, other[rows].astype(np.int64), margin


def _pair_confidence(scores: Scores, rule: DecisionRule) -> tuple[Floats, Floats]:
    """The mean probability of each label where it is given, and of its absence where it is not: float64 `[C]` each."""
    sums, counts = np.zeros((2, len(scores.labels))), np.zeros((2, len(scores.labels)))
    for block in row_blocks(scores):
        probabilities, given = rule.probabilities(scores.logits[block]), scores.multi_hot[block] == 1
        sums += np.stack([(probabilities * given).sum(axis=0), ((1 - probabilities) * ~given).sum(axis=0)])
        counts += np.stack([given.sum(axis=0), (~given).sum(axis=0)])
    present, absent = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    return present, absent


def _doubt_each_label(
    scores: Scores, rule: DecisionRule, least: tuple[Floats, Floats]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], Floats]]:
    for block in row_blocks(scores):
        probabilities, given = rule.probabilities(scores.logits[block]), scores.multi_hot[block] == 1
        reached = np.where(given, 1 - probabilities >= least[1], probabilities >= least[0])
        believed = np.where(given, probabilities, 1 - probabilities)
        doubted = reached & (believed < 1 - believed)
        margin = np.where(doubted, 2 * believed - 1, np.inf)
        worst = margin.argmin(axis=1)
        rows = np.flatnonzero(doubted.any(axis=1))
        yield rows + block.start, worst[rows].astype(np.int64), margin[rows, worst[rows]]
