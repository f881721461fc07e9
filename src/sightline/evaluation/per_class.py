"""Precision, recall and F1, class by class and averaged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sightline.evaluation.ranking import CurvePoint
from sightline.records import Estimate, Frozen

Counts = NDArray[np.int64] | NDArray[np.float64]


class ClassFigures(Frozen):
    """One class. Figures lie in [0, 1]; one that divides by nothing is 0 (scikit-learn's zero_division=0).

    A class that was never predicted has precision 0, one without a sample recall 0, one with neither F1 0:
    `support` (samples of the class) and `predicted` (answers naming it) tell the cases apart.

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
    precision: float
    recall: float
    f1: float
    average_precision: float | None = None
    roc_auc: float | None = None
    calibration_error: float | None = None
    curve: tuple[CurvePoint, ...] = ()
    intervals: dict[str, Estimate] = Field(default_factory=dict)


@dataclass(frozen=True)
class MacroFigures:
    """Plain means over classes, each class counting the same, in [0, 1].

    `precision`, `recall` and `f1` run over the classes that occur in the targets or in the predictions,
    `balanced_accuracy` is the mean recall over those that occur in the targets; as in scikit-learn.
    """

    precision: float
    recall: float
    f1: float
    balanced_accuracy: float


def class_figures(confusion_cc: NDArray[np.int64], labels: tuple[str, ...]) -> tuple[ClassFigures, ...]:
    """Figures of each class, in the order of the labels, from counts `[C, C]` with the truth in the rows."""
    right = confusion_cc.diagonal()
    support, predicted = confusion_cc.sum(axis=1), confusion_cc.sum(axis=0)
    precision, recall, f1 = shares_of_counts(right, support, predicted)
    return tuple(
        ClassFigures(
            label=label,
            support=int(support[index]),
            predicted=int(predicted[index]),
            precision=float(precision[index]),
            recall=float(recall[index]),
            f1=float(f1[index]),
        )
        for index, label in enumerate(labels)
    )


def macro_figures(figures: tuple[ClassFigures, ...]) -> MacroFigures:
    """Average over the classes that occur. At least one must."""
    seen = [one for one in figures if one.support or one.predicted]
    return MacroFigures(
        precision=float(np.mean([one.precision for one in seen])),
        recall=float(np.mean([one.recall for one in seen])),
        f1=float(np.mean([one.f1 for one in seen])),
        balanced_accuracy=float(np.mean([one.recall for one in seen if one.support])),
    )


def shares_of_counts(
    right_c: Counts, support_c: Counts, predicted_c: Counts
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Precision, recall and F1, float64 `[C]` each, from whole numbers `[C]`; 0 where one divides by nothing."""
    f1 = _share(2 * right_c, support_c + predicted_c)
    return _share(right_c, predicted_c), _share(right_c, support_c), f1


def _share(part_c: Counts, whole_c: Counts) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = part_c / np.maximum(whole_c, 1)
    return shares
