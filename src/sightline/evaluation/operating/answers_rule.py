"""Thresholds of a rule with one true label: alarms for recall, acceptance for precision and review capacity."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.calibrating.folds import deal_folds
from sightline.evaluation.operating.aims import Aim, for_labels
from sightline.evaluation.operating.bounds import most_lost
from sightline.evaluation.operating.class_weights import fit_class_weights
from sightline.evaluation.operating.recall import RecallThreshold, lowest_of_groups, recall_threshold
from sightline.evaluation.operating.selective import capacity_threshold, surest_threshold
from sightline.evaluation.operating.sets import fit_sets
from sightline.evaluation.operating.wishes import Wishes
from sightline.records import NEVER, REVIEW, AimReport, DecisionRule, Scores, VectorScaling, activate

_EVEN = float(np.nextafter(0.5, 1.0))
_FOLDS = 5
_FLOOD = 0.05


@dataclass
class Draft:
    """A rule in the making, with the rows it is made on and what became of each aim so far."""

    scores: Scores
    groups: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    wishes: Wishes
    rule: DecisionRule
    reports: list[AimReport] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def most_reviews(self) -> int | None:
        """How many of the rows may go to review."""
        share = self.wishes.review_share
        return None if share is None else int(np.floor(share * len(self.scores.ids) + 1e-9))

    def set(self, **values: object) -> None:
        """Change fields of the rule; it is checked as a whole."""
        self.rule = DecisionRule.model_validate({**dict(self.rule), **values})

    def reviewed(self) -> int:
        """How many of the rows the rule sends to review as it stands."""
        return int((self.rule.decide_rows(self.probabilities).verdicts == REVIEW).sum())


def fit_answers(draft: Draft) -> None:
    """Choose thresholds for every wish, in this order: F1, recall, precision, accuracy, priority, capacity, sets.

    What is promised goes before what is convenient: if aims alone send more to review than the capacity allows, that
    is said, and they stand.
    """
    aims = for_labels(draft.wishes.aims, draft.scores.labels)
    if draft.wishes.costs is not None:
        draft.set(costs=draft.wishes.costs)
    elif any(aim.kind == "max_f1" for aim in aims):
        _for_f1(draft)
    else:
        _keep_answers(draft)
    recalls = [aim for aim in aims if aim.kind == "recall"]
    _for_recall(draft, recalls)
    for aim in aims:
        if aim.kind == "precision":
            _for_precision(draft, aim)
        elif aim.kind == "accuracy":
            _for_accuracy(draft, aim)
    if draft.most_reviews is not None:
        _for_capacity(draft, draft.most_reviews)
    draft.set(sets=fit_sets(draft.probabilities, draft.scores.classes, draft.groups, draft.wishes))


def _keep_answers(draft: Draft) -> None:
    """Where the calibration only brought frequencies back in, answer what the network itself answers.

    It was trained against imbalance, and its epoch chosen by such answers. With t_c in proportion to exp(shift_c),
    p_c / t_c is in proportion to exp(β z_c), and the t_c add up to 1.
    """
    calibration = draft.rule.calibration
    if not isinstance(calibration, VectorScaling) or len(set(calibration.scales)) > 1:
        return
    shifts = np.array([calibration.shifts])
    draft.set(alarm_thresholds=tuple(activate(shifts, "softmax")[0].tolist()))
    draft.notices.append(
        "The network answers as if classes were equally frequent, as it was trained to. Its answers are kept, by alarm "
        "thresholds; probabilities are those of the true frequencies. Costs or the aim max_f1 choose other answers."
    )


def _for_f1(draft: Draft) -> None:
    folds = deal_folds(draft.scores, draft.groups, _FOLDS)
    weights = fit_class_weights(draft.probabilities, draft.scores.classes, folds)
    notice = ""
    if weights is None:
        notice = "Answering the most probable class has the largest macro-F1 that holds on rows held out."
    else:
        draft.set(alarm_thresholds=tuple(weights.tolist()))
    draft.reports.append(AimReport(text="max_f1", notice=notice))


def _for_recall(draft: Draft, aims: list[Aim]) -> None:
    """An alarm for each label that loses too many of its pictures without; none where none is needed.

    Each is chosen against the alarms that are there. A later one may take pictures from a label before it, so what is
    promised is looked at when all are there.
    """
    found: dict[Aim, RecallThreshold | None] = {}
    for aim in aims:
        index = draft.scores.labels.index(str(aim.label))
        own = draft.scores.classes == index
        found[aim] = None
        lost, allowed, _ = _lost(draft, aim)
        if own.any() and lost <= allowed:
            continue
        reach = _highest_alarm(draft, index, own)
        floor = _without_flood(draft, index)
        one = recall_threshold(aim, reach, draft.groups[own], draft.wishes.confidence, floor)
        found[aim] = one
        if one.threshold is not None:
            _lower_alarm(draft, index, one.threshold)
            _tell_flood(draft, index)
    for aim, chosen in found.items():
        notice = (chosen.notice if chosen else "") or _still_lost(draft, aim)
        threshold = chosen.threshold if chosen else None
        draft.reports.append(
            AimReport(text=str(aim), label=aim.label, promised=not notice, threshold=threshold, notice=notice)
        )


def _without_flood(draft: Draft, index: int) -> float:
    """The lowest alarm threshold that turns at most one in twenty of all pictures, of other labels, to this one."""
    others = draft.scores.classes != index
    already = draft.rule.decide_rows(draft.probabilities).labels == index
    reach = np.sort(_highest_alarm(draft, index, others & ~already))[::-1]
    most = int(_FLOOD * len(already))
    return 0.0 if most >= len(reach) else float(np.nextafter(reach[most], 1.0))


def _tell_flood(draft: Draft, index: int) -> None:
    """A notice where an alarm that holds its promise costs more answers than one in twenty."""
    answered = draft.rule.decide_rows(draft.probabilities).labels == index
    false = int((answered & (draft.scores.classes != index)).sum())
    if false > _FLOOD * len(answered):
        draft.notices.append(
            f"The alarm of '{draft.scores.labels[index]}' is the answer to {false} of {len(answered)} pictures, of "
            "other labels: what its recall costs."
        )


def _lost(draft: Draft, aim: Aim) -> tuple[int, int, int]:
    """Of the label's independent pictures, how many the rule answers otherwise, how many it may, and all of them."""
    assert aim.share is not None
    index = draft.scores.labels.index(str(aim.label))
    own = draft.scores.classes == index
    answered = draft.rule.decide_rows(draft.probabilities[own]).labels == index
    units = lowest_of_groups(answered.astype(np.float64), draft.groups[own])
    return (
        int((units == 0.0).sum()),
        most_lost(len(units), 1.0 - aim.share, draft.wishes.confidence),
        len(units),
    )


def _highest_alarm(draft: Draft, index: int, rows_n: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each of the rows the highest threshold of the label at which it is the answer, float64.

    Its probability, or less where another alarm is louder than 1 already.
    """
    probabilities = draft.probabilities[rows_n]
    loudest = np.ones(len(probabilities))
    for other, threshold in enumerate(draft.rule.alarm_thresholds or ()):
        if threshold is not None and other != index:
            loudest = np.maximum(loudest, probabilities[:, other] / threshold)
    reach: NDArray[np.float64] = probabilities[:, index] / loudest
    return reach


def _lower_alarm(draft: Draft, index: int, threshold: float) -> None:
    alarms = list(draft.rule.alarm_thresholds or [None] * len(draft.scores.labels))
    current = alarms[index]
    alarms[index] = threshold if current is None else min(current, threshold)
    draft.set(alarm_thresholds=tuple(alarms))


def _still_lost(draft: Draft, aim: Aim) -> str:
    """Whether alarms of other labels take more of the label's pictures than it may lose."""
    lost, allowed, count = _lost(draft, aim)
    if lost <= allowed:
        return ""
    return (
        f"'{aim}' cannot be promised beside the other alarms: {lost} of {count} independent pictures are answered with "
        f"another label whose alarm is louder, and {allowed} may be. Ask for less recall of the others."
    )


def _for_precision(draft: Draft, aim: Aim) -> None:
    assert aim.share is not None
    index = draft.scores.labels.index(str(aim.label))
    decided = draft.rule.decide_rows(draft.probabilities)
    own = decided.labels == index
    threshold = surest_threshold(
        draft.probabilities[own, index],
        draft.scores.classes[own] == index,
        draft.groups[own],
        aim.share,
        draft.wishes.confidence,
    )
    _raise_acceptance(draft, np.arange(len(draft.scores.labels)) == index, threshold)
    notice = ""
    if threshold is None:
        notice = (
            f"'{aim}' cannot be promised from {int(own.sum())} answers of '{aim.label}', so all of them go to review. "
            "More pictures, or a lower aim, change that."
        )
    draft.reports.append(
        AimReport(text=str(aim), label=aim.label, promised=not notice, threshold=threshold, notice=notice)
    )


def _for_accuracy(draft: Draft, aim: Aim) -> None:
    assert aim.share is not None
    decided = draft.rule.decide_rows(draft.probabilities)
    confidence = _own(draft.probabilities, decided.labels)
    right = decided.labels == draft.scores.classes
    threshold = surest_threshold(confidence, right, draft.groups, aim.share, draft.wishes.confidence)
    _raise_acceptance(draft, np.ones(len(draft.scores.labels), np.bool_), threshold)
    notice = ""
    if threshold is None:
        notice = (
            f"'{aim}' cannot be promised from {len(right)} pictures, so every answer goes to review. More pictures, or "
            "a lower aim, change that."
        )
    draft.reports.append(
        AimReport(text=str(aim), label=None, promised=not notice, threshold=threshold, notice=notice)
    )


def _raise_acceptance(draft: Draft, which_c: NDArray[np.bool_], threshold: float | None) -> None:
    """Accept the classes' answers from the threshold on; None: never."""
    count = len(draft.scores.labels)
    current = np.array(draft.rule.accept_thresholds or [0.0] * count)
    wanted = NEVER if threshold is None else threshold
    draft.set(accept_thresholds=tuple(np.where(which_c, np.maximum(current, wanted), current).tolist()))


def _for_capacity(draft: Draft, most: int) -> None:
    for label in draft.wishes.priority:
        _for_priority(draft, label, most)
    decided = draft.rule.decide_rows(draft.probabilities)
    reviewed = decided.verdicts == REVIEW
    already = int(reviewed.sum())
    every = np.ones(len(draft.scores.labels), np.bool_)
    if already > most:
        traffic = draft.wishes.traffic or 0.0
        draft.notices.append(
            f"The aims alone send {math.ceil(already / len(reviewed) * traffic)} pictures a day to review; "
            f"{draft.wishes.review_capacity:g} can be looked at. Ask for less, or find more people."
        )
        threshold: float | None = 0.0
    else:
        confidence = _own(draft.probabilities, decided.labels)
        threshold = capacity_threshold(confidence[~reviewed], most - already)
    _raise_acceptance(draft, every, threshold)


def _for_priority(draft: Draft, label: str, most: int) -> None:
    """Lower the label's alarm until every picture of it that is known raises it, or the capacity is used up.

    An alarm against a more probable answer lies below one half, and goes to review.
    """
    index = draft.scores.labels.index(label)
    own = draft.probabilities[draft.scores.classes == index, index]
    if len(own) == 0:
        draft.notices.append(
            f"priority names '{label}', and there is not one picture of it: it has no alarm."
        )
        return
    before = draft.rule
    _raise_acceptance(draft, np.arange(len(draft.scores.labels)) == index, _EVEN)
    guarded = draft.rule
    column = draft.probabilities[:, index]
    values = np.unique(column[(column >= own.min()) & (column < _EVEN) & (column > 0.0)])
    low, high, best = 0, len(values) - 1, None
    while low <= high:  # a lower alarm reviews more
        middle = (low + high) // 2
        draft.rule = guarded
        _lower_alarm(draft, index, float(values[middle]))
        if draft.reviewed() <= most:
            best, high = draft.rule, middle - 1
        else:
            low = middle + 1
    draft.rule = best or before
    caught = draft.rule.decide_rows(draft.probabilities[draft.scores.classes == index]).labels == index
    if not caught.all():
        draft.notices.append(
            f"The review capacity is used up before every known picture of '{label}' is caught: "
            f"{int(caught.sum())} of {len(caught)} are."
        )


def _own(probabilities_nc: NDArray[np.float64], labels_n: NDArray[np.int64]) -> NDArray[np.float64]:
    own: NDArray[np.float64] = np.take_along_axis(probabilities_nc, labels_n[:, None], axis=1)[:, 0]
    return own
