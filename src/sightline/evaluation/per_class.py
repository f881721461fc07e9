"""Precision, recall and F1, class by class and averaged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sightline.evaluation.ranking import CurvePoint
from sightline.records import Estimate, Frozen

Counts = NDArray[np.int64] | NDArray[np.float64]


class ClassFigures(Frozen):
    """One class. Figures lie in [0, 1]; one that divides by nothing is None.

    support, predicted
        Samples of the class, and answers naming it. Without answers there is no precision, without samples no
        recall, without either no F1.

    What follows is there only where intervals were asked for.

    average_precision, roc_auc
        The class's probability against the rest; None where it has no sample, or nothing else has.
    calibration_error
        Class-wise, see `ClasswiseGaps`; in [0, 1].
    curve
        Points of the precision–recall curve, the highest threshold first; at most 200, fewer of many classes.
    intervals
        By the names above, where there is something to estimate.
    """

    label: str
    support: int
    predicted: int
    precision: float | None
    recall: float | None
    f1: float | None
    average_precision: float | None = None
    roc_auc: float | None = None
    calibration_error: float | None = None
    curve: tuple[CurvePoint, ...] = ()
    intervals: dict[str, Estimate] = Field(default_factory=dict)


@dataclass(frozen=True)
class MacroFigures:
    """Plain means over classes, each class counting the same, in [0, 1].

    `precision` and `f1` run over the classes that occur in the targets or in the predictions, as in scikit-learn: a
    class that is never predicted has 0. `recall`, which is also called balanced accuracy, runs over those that occur
    in the targets, as `balanced_accuracy_score` there.
    """

    precision: float
    recall: float
    f1: float


def class_figures(confusion_cc: NDArray[np.int64], labels: tuple[str, ...]) -> tuple[ClassFigures, ...]:
    """Figures of each class, in the order of the labels, from counts `[C, C]` with the truth in the rows."""
    right = confusion_cc.diagonal()
    support, predicted = confusion_cc.sum(axis=1), confusion_cc.sum(axis=0)
    shares = shares_or_none(right, support, predicted)
    return tuple(
        ClassFigures(
            label=label,
            support=int(support[index]),
            predicted=int(predicted[index]),
            precision=precision,
            recall=recall,
            f1=f1,
        )
        for index, (label, precision, recall, f1) in enumerate(zip(labels, *shares, strict=True))
    )


def macro_figures(figures: tuple[ClassFigures, ...]) -> MacroFigures:
    """Average over the classes that occur. At least one must."""
    seen = [one for one in figures if one.support or one.predicted]
    return MacroFigures(
        precision=float(np.mean([one.precision or 0.0 for one in seen])),
        recall=float(np.mean([one.recall for one in seen if one.recall is not None])),
        f1=float(np.mean([one.f1 or 0.0 for one in seen])),
    )


def shares_or_none(
    right_c: Counts, support_c: Counts, predicted_c: Counts
) -> tuple[list[float | None], list[float | None], list[float | None]]:
    """Precision, recall and F1 of each class; None where one divides by nothing."""
    shares = shares_of_counts(right_c, support_c, predicted_c)
    precision, recall, f1 = (
        [share if whole else None for share, whole in zip(one.tolist(), wholes.tolist(), strict=True)]
        for one, wholes in zip(shares, (predicted_c, support_c, support_c + predicted_c), strict=True)
    )
    return precision, recall, f1


def shares_of_counts(
    right_c: Counts, support_c: Counts, predicted_c: Counts
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Precision, recall and F1, float64 `[C]` each, from whole numbers `[C]`; 0 where one divides by nothing."""
    f1 = _share(2 * right_c, support_c + predicted_c)
    return _share(right_c, predicted_c), _share(right_c, support_c), f1


def _share(part_c: Counts, whole_c: Counts) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = part_c / np.maximum(whole_c, 1)
    return shares
