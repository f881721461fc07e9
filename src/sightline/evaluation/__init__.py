"""How good: figures as pure functions of scores."""

from sightline.evaluation.by_task import AnyEvaluation, evaluate_scores, headline
from sightline.evaluation.calibrating.temperature import fit_temperature
from sightline.evaluation.calibration import ReliabilityBin
from sightline.evaluation.evaluate import Evaluation, evaluate
from sightline.evaluation.likelihood import negative_log_likelihood
from sightline.evaluation.multilabel import LabelFigures, MultilabelEvaluation, evaluate_multilabel
from sightline.evaluation.operating.label_thresholds import fit_label_thresholds
from sightline.evaluation.per_class import ClassFigures
from sightline.evaluation.separation import false_positive_rate, outlier_auroc

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
