"""Thresholds of a rule with several true labels: from where a label is true, and from where it is looked at."""

import math

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.operating.aims import Aim, for_labels
from sightline.evaluation.operating.answers_rule import Draft
from sightline.evaluation.operating.label_thresholds import best_threshold
from sightline.evaluation.operating.recall import recall_threshold
from sightline.evaluation.operating.selective import surest_threshold
from sightline.records import AimReport

_SHARPEST = 1e-12


def fit_labels(draft: Draft) -> None:
    """Choose thresholds for every wish, in this order: F1, precision, recall, priority, capacity.

    Without an aim a label has the threshold of its largest F1. `precision` sets the threshold. `recall` lowers it, or,
    where precision is asked for as well, or reviewers are there, sets `review_from`: what is not found is looked at.
    """
    aims = for_labels(draft.wishes.aims, draft.scores.labels)
    columns = zip(draft.probabilities.T, draft.scores.multi_hot.T, strict=True)
    thresholds = [best_threshold(*column) for column in columns]
    draft.set(label_thresholds=tuple(thresholds))
    if any(aim.kind == "max_f1" for aim in aims):
        draft.reports.append(AimReport(text="max_f1"))
    for aim in aims:
        if aim.kind == "precision":
            _for_precision(draft, aim)
        elif aim.kind == "accuracy":
            draft.reports.append(_no_accuracy(aim))
    precise = {aim.label for aim in aims if aim.kind == "precision"}
    for aim in aims:
        if aim.kind == "recall":
            _for_recall(draft, aim, reviewed=aim.label in precise or draft.most_reviews is not None)
    if draft.most_reviews is not None:
        _for_capacity(draft, draft.most_reviews)


def _no_accuracy(aim: Aim) -> AimReport:
    return AimReport(
        text=str(aim),
        label=None,
        promised=False,
        threshold=None,
        notice=f"'{aim}' is for the task multiclass. With several labels ask for the precision of each.",
    )


def _for_precision(draft: Draft, aim: Aim) -> None:
    assert aim.share is not None
    index = draft.scores.labels.index(str(aim.label))
    truth = draft.scores.multi_hot[:, index] == 1
    threshold = surest_threshold(
        draft.probabilities[:, index], truth, draft.groups, aim.share, draft.wishes.confidence
    )
    notice = ""
    if threshold is None:
        notice = (
            f"'{aim}' cannot be promised from {int(truth.sum())} pictures of '{aim.label}', so the label is held for "
            "true only where its probability is 1."
        )
    _set_threshold(draft, index, 1.0 if threshold is None else threshold)
    draft.reports.append(
        AimReport(text=str(aim), label=aim.label, promised=not notice, threshold=threshold, notice=notice)
    )


def _for_recall(draft: Draft, aim: Aim, *, reviewed: bool) -> None:
    index = draft.scores.labels.index(str(aim.label))
    own = draft.scores.multi_hot[:, index] == 1
    one = recall_threshold(aim, draft.probabilities[own, index], draft.groups[own], draft.wishes.confidence)
    if one.threshold is not None:
        assert draft.rule.label_thresholds is not None
        if one.threshold < draft.rule.label_thresholds[index]:
            if reviewed:
                _look_from(draft, index, one.threshold)
            else:
                _set_threshold(draft, index, one.threshold)
    how = " It holds for pictures found or looked at." if reviewed and not one.notice else ""
    draft.reports.append(
        AimReport(
            text=str(aim),
            label=aim.label,
            promised=not one.notice,
            threshold=one.threshold,
            notice=(one.notice + how).strip(),
        )
    )


def _set_threshold(draft: Draft, index: int, threshold: float) -> None:
    thresholds = list(draft.rule.label_thresholds or ())
    thresholds[index] = threshold
    draft.set(label_thresholds=tuple(thresholds))


def _look_from(draft: Draft, index: int, threshold: float) -> None:
    from_where = list(draft.rule.review_from or draft.rule.label_thresholds or ())
    from_where[index] = min(from_where[index], threshold)
    draft.set(review_from=tuple(from_where))


def _for_capacity(draft: Draft, most: int) -> None:
    for label in draft.wishes.priority:
        _for_priority(draft, label, most)
    assert draft.rule.label_thresholds is not None
    if draft.rule.review_from is None:
        draft.set(review_from=draft.rule.label_thresholds)
    already = draft.reviewed()
    if already > most:
        traffic = draft.wishes.traffic or 0.0
        draft.notices.append(
            f"The aims alone send {math.ceil(already / len(draft.groups) * traffic)} pictures a day to review; "
            f"{draft.wishes.review_capacity:g} can be looked at. Ask for less, or find more people."
        )
        return
    _widen(draft, most)


def _widen(draft: Draft, most: int) -> None:
    """One band for all labels, as wide in logits as the capacity allows."""
    assert draft.rule.label_thresholds is not None
    assert draft.rule.review_from is not None
    thresholds = np.array(draft.rule.label_thresholds)
    below = _logit(thresholds) - _logit(draft.probabilities)
    below[draft.rule.present(draft.probabilities)] = np.inf
    looked_at = draft.rule.review_from

    def band(width: float) -> tuple[float, ...]:
        wide = 1.0 / (1.0 + np.exp(-(_logit(thresholds) - width)))
        return tuple(np.minimum(np.minimum(wide, np.array(looked_at)), thresholds).tolist())

    widths = np.unique(below.min(axis=1))
    widths = widths[np.isfinite(widths)]
    low, high, best = 0, len(widths) - 1, looked_at
    while low <= high:  # a wider band reviews more
        middle = (low + high) // 2
        draft.set(review_from=band(float(widths[middle])))
        if draft.reviewed() <= most:
            best, low = draft.rule.review_from or looked_at, middle + 1
        else:
            high = middle - 1
    draft.set(review_from=best)


def _for_priority(draft: Draft, label: str, most: int) -> None:
    """Lower from where the label is looked at, until every known picture of it is, or the capacity is used up."""
    index = draft.scores.labels.index(label)
    column = draft.probabilities[:, index]
    own = column[draft.scores.multi_hot[:, index] == 1]
    if len(own) == 0:
        draft.notices.append(f"priority names '{label}', and there is not one picture of it: it has no band.")
        return
    assert draft.rule.label_thresholds is not None
    if draft.rule.review_from is None:
        draft.set(review_from=draft.rule.label_thresholds)
    guarded = draft.rule
    values = np.unique(column[(column >= own.min()) & (column < draft.rule.label_thresholds[index])])
    low, high, best = 0, len(values) - 1, guarded
    while low <= high:
        middle = (low + high) // 2
        draft.rule = guarded
        _look_from(draft, index, float(values[middle]))
        if draft.reviewed() <= most:
            best, high = draft.rule, middle - 1
        else:
            low = middle + 1
    draft.rule = best
    assert draft.rule.review_from is not None
    missed = int((own < draft.rule.review_from[index]).sum())
    if missed:
        draft.notices.append(
            f"The review capacity is used up before every known picture of '{label}' is found or looked at: {missed} "
            f"of {len(own)} are not."
        )


def _logit(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(probabilities, _SHARPEST, 1.0 - _SHARPEST)
    found: NDArray[np.float64] = np.log(clipped) - np.log1p(-clipped)
    return found
