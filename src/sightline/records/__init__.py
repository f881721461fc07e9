"""Frozen records that cross floors."""

from sightline.records.decision import EVEN_ODDS, DecisionRule, Verdict
from sightline.records.frozen import Frozen
from sightline.records.outlier_choice import OutlierChoice, OutlierFigures
from sightline.records.outliers import MixPart, OutlierRule, OutlierScore, SingleScore
from sightline.records.prediction import Candidate, Neighbour, Prediction, Timings
from sightline.records.preprocessing import ImageFormat, ImageLimits, Preprocessing, Rgb
from sightline.records.scores import Scores, Targets
from sightline.records.task import Activation, Task, activation_of, require_task

__all__ = [
    "EVEN_ODDS",
    "Activation",
    "Candidate",
    "DecisionRule",
    "Frozen",
    "ImageFormat",
    "ImageLimits",
    "MixPart",
    "Neighbour",
    "OutlierChoice",
    "OutlierFigures",
    "OutlierRule",
    "OutlierScore",
    "Prediction",
    "Preprocessing",
    "Rgb",
    "Scores",
    "SingleScore",
    "Targets",
    "Task",
    "Timings",
    "Verdict",
    "activation_of",
    "require_task",
]
