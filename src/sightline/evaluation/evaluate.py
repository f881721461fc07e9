"""Every figure of one engine on one labelled data set."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.answers import Answers, read_answers
from sightline.evaluation.blocks import require_judgeable
from sightline.evaluation.classwise import ClasswiseGaps
from sightline.evaluation.intervals import Floats
from sightline.evaluation.multiclass import Evaluation, multiclass_figures
from sightline.evaluation.per_class import ClassFigures
from sightline.evaluation.ranking import RankedClass, Ranking, rank_classes, with_thresholds
from sightline.evaluation.resampled import (
    MACRO,
    Drawn,
    answer_counts,
    bins_with_intervals,
    class_intervals,
    class_units,
    draw,
    overall_intervals,
)
from sightline.evaluation.resampling import Sampling, gap_estimate
from sightline.records import DecisionRule, Estimate, Scores, require_task


def evaluate(
    scores: Scores,
    rule: DecisionRule,
    sampling: Sampling | None = None,
    costs_cc: NDArray[np.float64] | None = None,
) -> Evaluation:
    """Take every figure from multiclass scores under a decision rule; a pure function of its arguments.

    The rule's thresholds play no part yet: every answer counts, also one that would go to review.

    sampling
        Which rows are independent. With it figures have intervals, and those of ranking are taken as well; 100,000
        rows of 1,000 classes then take about 1.3 GiB. Without it, as after every epoch of training, they have none.
    costs_cc
        What each answer costs, float64 `[C, C]`, row = truth, column = answer; used only with a sampling.

    Raises:
        DatasetError: there is no row, a logit is NaN or infinite, or scores or rule are multilabel.
    """
    require_task("multiclass", scores=scores.task, rule=rule.task)
    require_judgeable(scores)
    if sampling is None:
        return multiclass_figures(scores, read_answers(scores, rule))
    logs = np.empty(scores.logits.shape[::-1], np.float32)

    def keep_logs(block: slice, probabilities_nc: Floats) -> None:
        with np.errstate(divide="ignore"):
            logs[:, block] = np.log(probabilities_nc).T

    gaps = ClasswiseGaps(scores.classes, len(scores.labels), sampling)
    answers = read_answers(scores, rule, (keep_logs, gaps.add))
    ranking = rank_classes(
        lambda index: (logs[index], scores.classes == index),
        len(scores.labels),
        len(scores.targets),
        sampling,
    )
    return _deepened(scores, answers, sampling, costs_cc, gaps, ranking)


def _deepened(
    scores: Scores,
    answers: Answers,
    sampling: Sampling,
    costs_cc: NDArray[np.float64] | None,
    gaps: ClasswiseGaps,
    ranking: Ranking,
) -> Evaluation:
    quick = multiclass_figures(scores, answers)
    rows = _row_figures(scores, answers, costs_cc)
    drawn = draw(scores.classes, answers, len(scores.labels), rows, sampling)
    errors, wise = gaps.errors(), gaps.estimate()
    intervals = _overall(quick, rows, drawn, sampling)
    for name, one in (
        ("map", ranking.map),
        ("roc_auc", ranking.roc_auc),
        ("classwise_calibration_error", wise),
    ):
        intervals |= {} if one is None else {name: one}
    per_class = zip(
        quick.per_class,
        ranking.classes,
        errors.tolist(),
        _class_intervals(scores, answers, drawn, sampling),
        strict=True,
    )
    return quick.model_copy(
        update={
            "map": None if ranking.map is None else ranking.map.value,
            "roc_auc": None if ranking.roc_auc is None else ranking.roc_auc.value,
            "classwise_calibration_error": float(errors.mean()),
            "mean_cost": float(rows["mean_cost"].mean()) if costs_cc is not None else None,
            "intervals": intervals,
            "per_class": tuple(_class_with(*parts) for parts in per_class),
            "reliability": bins_with_intervals(quick.reliability, drawn.bins, answers.confidence, sampling),
            "units": sampling.count(len(scores.targets)),
            "sampling": sampling.said,
        }
    )


def _row_figures(scores: Scores, answers: Answers, costs_cc: NDArray[np.float64] | None) -> dict[str, Floats]:
    """One number a row, float64 `[N]`, of which the mean is the figure of that name."""
    rows = {
        "top1_accuracy": answers.right.astype(np.float64),
        "top5_accuracy": (answers.rank < 5).astype(np.float64),
        "negative_log_likelihood": answers.loss,
        "brier_score": answers.squared_error,
    }
    if costs_cc is not None:
        rows["mean_cost"] = costs_cc[scores.classes, answers.predicted]
    return rows


def _overall(
    quick: Evaluation, rows: dict[str, Floats], drawn: Drawn, sampling: Sampling
) -> dict[str, Estimate]:
    values = {name: getattr(quick, name) for name in MACRO}
    values |= {name: float(one.mean()) for name, one in rows.items()}
    if quick.top5_accuracy is None:
        del values["top5_accuracy"]
    right = {name: int(rows[name].sum()) for name in ("top1_accuracy", "top5_accuracy")}
    right["weighted_recall"] = right["top1_accuracy"]
    found = overall_intervals(drawn, values, right, quick.count, sampling)
    gaps = [(one.mean_confidence or 0.0) - (one.accuracy or 0.0) for one in quick.reliability]
    sizes = [one.count / quick.count for one in quick.reliability]
    return found | {"expected_calibration_error": gap_estimate(np.multiply(gaps, sizes), drawn.gaps)}


def _class_intervals(
    scores: Scores, answers: Answers, drawn: Drawn, sampling: Sampling
) -> Iterator[dict[str, Estimate]]:
    rows, classes = np.arange(len(scores.targets)), len(scores.labels)
    counts = answer_counts(scores.classes, answers, classes)
    units = class_units((rows, scores.classes), (rows, answers.predicted), classes, sampling)
    return class_intervals(counts, units, drawn.classes, sampling)


def _class_with(
    figures: ClassFigures, ranked: RankedClass, calibration_error: float, intervals: dict[str, Estimate]
) -> ClassFigures:
    more = {"average_precision": ranked.average_precision, "roc_auc": ranked.roc_auc}
    cuts = with_thresholds(ranked.cuts, [float(np.exp(cut.threshold)) for cut in ranked.cuts])
    return figures.model_copy(
        update={
            **{name: None if one is None else one.value for name, one in more.items()},
            "calibration_error": calibration_error,
            "curve": cuts,
            "intervals": intervals | {name: one for name, one in more.items() if one is not None},
        }
    )
