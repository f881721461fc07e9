"""The figures of multiclass answers that need no intervals: a pass over the rows, and counting."""

import numpy as np
from pydantic import Field

from sightline.evaluation.answers import Answers
from sightline.evaluation.calibration import ReliabilityBin, expected_calibration_error, reliability_bins
from sightline.evaluation.confusion import (
    ConfusedPair,
    ConfusionCell,
    confusion_cells,
    confusion_matrix,
    most_confused,
)
from sightline.evaluation.per_class import ClassFigures, class_figures, macro_figures
from sightline.records import Estimate, Frozen, Scores

_FEWEST_FOR_TOP5 = 6


class Evaluation(Frozen):
    """How good, in numbers that can be written to JSON and compared.

    count
        Samples that were scored.
    top1_accuracy, top5_accuracy
        Share whose true class is the first, or among the first five, in [0, 1]. Of equally probable classes
        the earlier label is listed first. `top5_accuracy` is None for five classes or fewer, where it would
        always be 1.
    per_class, macro_precision, macro_recall, macro_f1, balanced_accuracy
        See `ClassFigures` and `MacroFigures`; balanced accuracy is another name of the macro recall.
    weighted_precision, weighted_recall, weighted_f1
        Means over the classes, each counting by its support; the weighted recall is the accuracy.
    confusion
        The cells of the confusion matrix that are not 0, by rows.
    most_confused
        The twenty most frequent mistakes.
    expected_calibration_error, reliability
        In [0, 1] over 15 bins; see `expected_calibration_error`.
    negative_log_likelihood
        Mean −log p(truth), natural logarithm, under the rule's calibration.
    brier_score
        Mean Σ over the classes of (p − y)², in [0, 2] (Brier 1950, in its original form of several classes).

    What follows is there only where intervals were asked for.

    map, roc_auc
        Plain means of the classes' average precision and area under the ROC curve, one class against the rest.
    classwise_calibration_error
        Mean of the classes' own calibration errors, in [0, 1]; see `ClasswiseGaps`.
    mean_cost
        Mean cost of an answer, in the unit of the costs that were given; None without.
    intervals
        By the names of the figures above.
    units, sampling
        Independent observations, and why there are so many, in a sentence.
    """

    labels: tuple[str, ...]
    count: int
    top1_accuracy: float
    top5_accuracy: float | None
    macro_precision: float
    macro_recall: float
    macro_f1: float
    balanced_accuracy: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float
    expected_calibration_error: float
    negative_log_likelihood: float
    brier_score: float
    per_class: tuple[ClassFigures, ...]
    confusion: tuple[ConfusionCell, ...]
    most_confused: tuple[ConfusedPair, ...]
    reliability: tuple[ReliabilityBin, ...]
    map: float | None = None
    roc_auc: float | None = None
    classwise_calibration_error: float | None = None
    mean_cost: float | None = None
    intervals: dict[str, Estimate] = Field(default_factory=dict)
    units: int | None = None
    sampling: str | None = None


def multiclass_figures(scores: Scores, answers: Answers) -> Evaluation:
    """Count the answers."""
    confusion = confusion_matrix(scores.classes, answers.predicted, len(scores.labels))
    per_class = class_figures(confusion, scores.labels)
    macro = macro_figures(per_class)
    bins = reliability_bins(answers.confidence, answers.right)
    weights = confusion.sum(axis=1) / len(scores.targets)
    return Evaluation(
        labels=scores.labels,
        count=len(scores.targets),
        top1_accuracy=float(np.mean(answers.right)),
        top5_accuracy=float(np.mean(answers.rank < 5)) if len(scores.labels) >= _FEWEST_FOR_TOP5 else None,
        macro_precision=macro.precision,
        macro_recall=macro.recall,
        macro_f1=macro.f1,
        balanced_accuracy=macro.recall,
        weighted_precision=float(weights @ [one.precision or 0.0 for one in per_class]),
        weighted_recall=float(np.mean(answers.right)),
        weighted_f1=float(weights @ [one.f1 or 0.0 for one in per_class]),
        expected_calibration_error=expected_calibration_error(bins),
        negative_log_likelihood=float(np.mean(answers.loss)),
        brier_score=float(np.mean(answers.squared_error)),
        per_class=per_class,
        confusion=confusion_cells(confusion),
        most_confused=most_confused(confusion, scores.labels),
        reliability=bins,
    )
