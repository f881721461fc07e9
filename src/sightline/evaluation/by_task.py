"""The one place where the task of scores chooses their figures."""

import numpy as np
from numpy.typing import NDArray

from sightline.errors import InputError
from sightline.evaluation.evaluate import evaluate
from sightline.evaluation.evaluate_labels import evaluate_multilabel
from sightline.evaluation.multiclass import Evaluation
from sightline.evaluation.multilabel import MultilabelEvaluation
from sightline.evaluation.resampling import Sampling
from sightline.records import DecisionRule, Scores

AnyEvaluation = Evaluation | MultilabelEvaluation


def evaluate_scores(
    scores: Scores,
    rule: DecisionRule,
    sampling: Sampling | None = None,
    costs_cc: NDArray[np.float64] | None = None,
) -> AnyEvaluation:
    """Take every figure that the task of the scores has, with intervals if a sampling is given.

    Raises:
        DatasetError: there is no row, a logit is NaN or infinite, or the rule is that of the other task.
        InputError: costs with several labels a picture.
    """
    if scores.task == "multiclass":
        return evaluate(scores, rule, sampling, costs_cc)
    if costs_cc is not None:
        raise InputError(
            "A cost matrix needs one answer a picture; this bundle is multilabel. Leave --cost out."
        )
    return evaluate_multilabel(scores, rule, sampling)


def headline(evaluation: AnyEvaluation) -> dict[str, float | int | None]:
    """The few figures that stand in a manifest, by name."""
    if isinstance(evaluation, MultilabelEvaluation):
        return {
            "images": evaluation.count,
            "map": evaluation.map,
            "macro_f1": evaluation.macro_f1,
            "micro_f1": evaluation.micro_f1,
            "exact_match": evaluation.exact_match,
            "calibration_error": evaluation.expected_calibration_error,
        }
    return {
        "images": evaluation.count,
        "accuracy": evaluation.top1_accuracy,
        "top5_accuracy": evaluation.top5_accuracy,
        "macro_f1": evaluation.macro_f1,
        "calibration_error": evaluation.expected_calibration_error,
    }
