"""Every figure of one engine on one labelled data set."""

import numpy as np

from sightline.evaluation.answers import read_answers
from sightline.evaluation.blocks import require_judgeable
from sightline.evaluation.calibration import ReliabilityBin, expected_calibration_error, reliability_bins
from sightline.evaluation.confusion import confusion_matrix
from sightline.evaluation.likelihood import negative_log_likelihood
from sightline.evaluation.per_class import ClassFigures, class_figures, macro_figures
from sightline.records import DecisionRule, Frozen, Scores, require_task

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
        See `ClassFigures` and `MacroFigures`.
    confusion
        Counts `[C, C]`: row = truth, column = prediction, in the order of `labels`.
    expected_calibration_error, reliability
        In [0, 1] over 15 bins; see `expected_calibration_error`.
    negative_log_likelihood
        Mean −log p(truth), natural logarithm, by the rule's calibration.
    brier_score
        Mean Σ over the classes of (p − y)², in [0, 2] (Brier 1950, in its original form of several classes).
    """

    labels: tuple[str, ...]
    count: int
    top1_accuracy: float
    top5_accuracy: float | None
    macro_precision: float
    macro_recall: float
    macro_f1: float
    balanced_accuracy: float
    expected_calibration_error: float
    negative_log_likelihood: float
    brier_score: float
    per_class: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[ReliabilityBin, ...]


def evaluate(scores: Scores, rule: DecisionRule) -> Evaluation:
    """Take every figure from multiclass scores under a decision rule; a pure function of the two.

    The rule's thresholds play no part yet: every answer counts, also one that would go to review.

    Raises:
        DatasetError: there is no row, a logit is NaN or infinite, or scores or rule are multilabel.
    """
    require_task("multiclass", scores=scores.task, rule=rule.task)
    require_judgeable(scores)
    answers = read_answers(scores, rule)
    confusion = confusion_matrix(scores.classes, answers.predicted, len(scores.labels))
    per_class = class_figures(confusion, scores.labels)
    macro = macro_figures(per_class)
    bins = reliability_bins(answers.confidence, answers.rank == 0)
    return Evaluation(
        labels=scores.labels,
        count=len(scores.targets),
        top1_accuracy=float(np.mean(answers.rank == 0)),
        top5_accuracy=float(np.mean(answers.rank < 5)) if len(scores.labels) >= _FEWEST_FOR_TOP5 else None,
        macro_precision=macro.precision,
        macro_recall=macro.recall,
        macro_f1=macro.f1,
        balanced_accuracy=macro.balanced_accuracy,
        expected_calibration_error=expected_calibration_error(bins),
        negative_log_likelihood=negative_log_likelihood(scores, rule.calibration),
        brier_score=float(np.mean(answers.squared_error)),
        per_class=per_class,
        confusion=tuple(map(tuple, confusion.tolist())),
        reliability=bins,
    )
