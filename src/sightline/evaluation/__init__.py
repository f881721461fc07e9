"""How good: figures as pure functions of scores."""

from sightline.evaluation.by_task import AnyEvaluation, evaluate_scores, headline
from sightline.evaluation.calibrating.temperature import fit_temperature
from sightline.evaluation.calibration import ReliabilityBin
from sightline.evaluation.confusion import ConfusedPair, ConfusionCell, dense_confusion
from sightline.evaluation.costs import read_costs
from sightline.evaluation.evaluate import evaluate
from sightline.evaluation.evaluate_labels import evaluate_multilabel
from sightline.evaluation.intervals import wilson
from sightline.evaluation.likelihood import negative_log_likelihood
from sightline.evaluation.multiclass import Evaluation
from sightline.evaluation.multilabel import LabelFigures, MultilabelEvaluation
from sightline.evaluation.operating.label_thresholds import fit_label_thresholds
from sightline.evaluation.per_class import ClassFigures
from sightline.evaluation.ranking import CurvePoint
from sightline.evaluation.resampling import Sampling
from sightline.evaluation.score_file import SCORES_FILE, read_scores, save_scores, write_scores
from sightline.evaluation.separation import false_positive_rate, outlier_auroc

__all__ = [
    "SCORES_FILE",
    "AnyEvaluation",
    "ClassFigures",
    "ConfusedPair",
    "ConfusionCell",
    "CurvePoint",
    "Evaluation",
    "LabelFigures",
    "MultilabelEvaluation",
    "ReliabilityBin",
    "Sampling",
    "dense_confusion",
    "evaluate",
    "evaluate_multilabel",
    "evaluate_scores",
    "false_positive_rate",
    "fit_label_thresholds",
    "fit_temperature",
    "headline",
    "negative_log_likelihood",
    "outlier_auroc",
    "read_costs",
    "read_scores",
    "save_scores",
    "wilson",
    "write_scores",
]
