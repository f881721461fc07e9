"""The one place where the task of scores chooses their figures."""

from sightline.evaluation.evaluate import Evaluation, evaluate
from sightline.evaluation.multilabel import MultilabelEvaluation, evaluate_multilabel
from sightline.records import DecisionRule, Scores

AnyEvaluation = Evaluation | MultilabelEvaluation


def evaluate_scores(scores: Scores, rule: DecisionRule) -> AnyEvaluation:
    """Take every figure that the task of the scores has.

    Raises:
        DatasetError: there is no row, a logit is NaN or infinite, or the rule is that of the other task.
    """
    return evaluate(scores, rule) if scores.task == "multiclass" else evaluate_multilabel(scores, rule)


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
