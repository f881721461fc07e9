"""How good: figures as pure functions of scores."""

from sightline.evaluation.calibration import ReliabilityBin
from sightline.evaluation.evaluate import Evaluation, evaluate
from sightline.evaluation.likelihood import negative_log_likelihood
from sightline.evaluation.per_class import ClassFigures
from sightline.evaluation.temperature import fit_temperature

__all__ = [
    "ClassFigures",
    "Evaluation",
    "ReliabilityBin",
    "evaluate",
    "fit_temperature",
    "negative_log_likelihood",
]
