"""From probabilities to an answer: labels, candidates, a verdict and the reason for it.

`DecisionRule.decide_rows` decides, here as in evaluation; this module only puts one row of it into words.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.records import (
    CAUSES,
    EVEN_ODDS,
    VERDICTS,
    Candidate,
    Cause,
    DecisionRule,
    PredictionSets,
    Verdict,
    expected_costs,
)

_NAMED = 3


@dataclass(frozen=True)
class Answer:
    """What is said of one picture.

    labels
        Those that are held for true, the most probable first: one with softmax, any number with sigmoid.
    first
        With softmax the answer, with sigmoid the most probable label, with its probability.
    candidates
        The most probable labels, best first.
    label_set
        The prediction set, the most probable first; None where the rule has none.
    verdict, reason
        What is to be done with the answer, and why, in one or two sentences.
    """

    labels: tuple[str, ...]
    first: Candidate
    candidates: tuple[Candidate, ...]
    label_set: tuple[str, ...] | None
    verdict: Verdict
    reason: str


def decide(
    probabilities: NDArray[np.float64],
    rule: DecisionRule,
    labels: tuple[str, ...],
    top_k: int = 5,
    *,
    outlier_score: float | None = None,
) -> Answer:
    """Decide one row of calibrated probabilities, float64 `[C]`.

    Of equal probabilities the label that stands first wins. `top_k` is cut to the number of labels, and cuts
    candidates only, never the labels of the answer. `outlier_score` is that of the rule's `outliers`; without it
    nothing is rejected.
    """
    row = probabilities[np.newaxis]
    scores = None if outlier_score is None else np.array([outlier_score])
    decided = rule.decide_rows(row, scores)
    chosen = tuple(labels[i] for i in _ranked(probabilities, np.flatnonzero(decided.present[0])))
    answer, cause = int(decided.labels[0]), CAUSES[int(decided.causes[0])]
    verdict = VERDICTS[int(decided.verdicts[0])]
    return Answer(
        labels=chosen,
        first=Candidate(label=labels[answer], probability=float(probabilities[answer])),
        candidates=tuple(
            Candidate(label=labels[i], probability=float(probabilities[i]))
            for i in _most_probable(probabilities, max(1, top_k))
        ),
        label_set=None if rule.sets is None else _members(rule.sets, probabilities, labels),
        verdict=verdict,
        reason=_of_outlier(outlier_score, rule)
        if cause == "outlier"
        else _reason(cause, verdict, answer, chosen, probabilities, rule, labels),
    )


def _of_outlier(score: float | None, rule: DecisionRule) -> str:
    assert rule.outliers is not None
    return (
        f"The picture is unlike the training images: its outlier score ({rule.outliers.kind}), {score:.4g}, is above "
        f"the threshold {rule.outliers.threshold:.4g}."
    )


def _members(
    sets: PredictionSets, probabilities: NDArray[np.float64], labels: tuple[str, ...]
) -> tuple[str, ...]:
    inside = sets.members(probabilities[np.newaxis])[0]
    return tuple(labels[i] for i in _ranked(probabilities, np.flatnonzero(inside)))


def _most_probable(probabilities: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """So many of them; a few of a thousand cost less than putting all in order."""
    if count >= len(probabilities):
        return _ranked(probabilities, np.arange(len(probabilities)))
    negative = -probabilities  # so that what is no number comes last, as it does in an order
    among = np.flatnonzero(negative <= np.partition(negative, count - 1)[count - 1])
    return _ranked(probabilities, among)[:count]


def _ranked(probabilities: NDArray[np.float64], some: NDArray[np.int64]) -> NDArray[np.int64]:
    """These indices, the most probable first, of equal ones the first."""
    return some[np.argsort(-probabilities[some], kind="stable")] if len(some) > 1 else some


def _reason(
    cause: Cause,
    verdict: Verdict,
    answer: int,
    chosen: tuple[str, ...],
    probabilities: NDArray[np.float64],
    rule: DecisionRule,
    labels: tuple[str, ...],
) -> str:
    if cause == "uncertain_label":
        return _of_uncertain_label(probabilities, rule, labels)
    if rule.activation == "sigmoid":
        return _of_labels(chosen, verdict, rule)
    how = _how_answered(answer, probabilities, rule, labels)
    if cause == "no_operating_point":
        return f"{how}No operating point has been chosen: every answer is accepted."
    return how + _of_threshold(verdict, answer, probabilities, rule, labels)


def _how_answered(
    answer: int, probabilities: NDArray[np.float64], rule: DecisionRule, labels: tuple[str, ...]
) -> str:
    """Why the answer is what it is, where that is more than its being the most probable."""
    alarm = None if rule.alarm_thresholds is None else rule.alarm_thresholds[answer]
    if alarm is not None and probabilities[answer] >= alarm:
        return f"{probabilities[answer]:.4f} reaches the alarm threshold {alarm:.4f} of '{labels[answer]}'. "
    if rule.costs is not None:
        of_answer = np.array([[row[answer]] for row in rule.costs])
        cost = expected_costs(probabilities[np.newaxis], of_answer)[0, 0]
        return f"'{labels[answer]}' has the least expected cost, {cost:.4g}. "
    return ""


def _of_threshold(
    verdict: Verdict,
    answer: int,
    probabilities: NDArray[np.float64],
    rule: DecisionRule,
    labels: tuple[str, ...],
) -> str:
    assert rule.accept_thresholds is not None
    threshold, label = rule.accept_thresholds[answer], labels[answer]
    if threshold > 1.0:
        return f"Answers of '{label}' always go to review."
    relation = "reaches" if verdict == "accept" else "is below"
    return f"{probabilities[answer]:.4f} {relation} the threshold {threshold:.4f} of '{label}'."


def _of_uncertain_label(
    probabilities: NDArray[np.float64], rule: DecisionRule, labels: tuple[str, ...]
) -> str:
    """The most probable of the labels that lie in their review bands."""
    assert rule.review_from is not None
    assert rule.label_thresholds is not None
    low, high = np.array(rule.review_from), np.array(rule.label_thresholds)
    within = (probabilities >= low) & (probabilities < high)
    doubtful = int(np.where(within, probabilities, -1.0).argmax())
    more = f", as {within.sum() - 1} more are" if within.sum() > 1 else ""
    return (
        f"{probabilities[doubtful]:.4f} is between {low[doubtful]:.4f} and the threshold {high[doubtful]:.4f} of "
        f"'{labels[doubtful]}'{more}."
    )


def _of_labels(chosen: tuple[str, ...], verdict: Verdict, rule: DecisionRule) -> str:
    """With sigmoid: how many labels are true, and by which thresholds."""
    if not chosen and verdict == "accept":
        return "No label reaches even the probability from which it would be reviewed."
    several = len(chosen) > 1
    reach = f"{len(chosen)} labels reach" if several else f"{len(chosen) or 'no'} label reaches"
    named = ", ".join(f"'{label}'" for label in chosen[:_NAMED])
    more = f" and {len(chosen) - _NAMED} more" if len(chosen) > _NAMED else ""
    which = f": {named}{more}." if chosen else "."
    if rule.label_thresholds is None:
        return f"No thresholds have been chosen, so {EVEN_ODDS} holds for all; {reach} it{which}"
    sentence = f"{reach} {'their thresholds' if several else 'its threshold'}{which}"
    return sentence[0].upper() + sentence[1:]
