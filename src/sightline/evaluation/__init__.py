"""How good: figures as pure functions of scores."""

from sightline.evaluation.by_task import AnyEvaluation, evaluate_scores, headline
from sightline.evaluation.calibration import ReliabilityBin
from sightline.evaluation.evaluate import Evaluation, evaluate
from sightline.evaluation.label_thresholds import fit_label_thresholds
from sightline.evaluation.likelihood import negative_log_likelihood
from sightline.evaluation.multilabel import LabelFigures, MultilabelEvaluation, evaluate_multilabel
from sightline.evaluation.per_class import ClassFigures
from sightline.evaluation.separation import false_positive_rate, outlier_auroc
from sightline.evaluation.temperature import fit_temperature

__all__ = [
    "AnyEvaluation",
    "ClassFigures",
    "Evaluation",
    "LabelFigures",
    "MultilabelEvaluation",
    "ReliabilityBin",
    "evaluate",
    "evaluate_multilabel",
    "evaluate_scores",
    "false_positive_rate",
    "fit_label_thresholds",
    "fit_temperature",
    "headline",
    "negative_log_likelihood",
    "outlier_auroc",
]
