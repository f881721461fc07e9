"""Frozen records that cross floors."""

from sightline.records.calibration import (
    Calibration,
    Curve,
    Isotonic,
    Platt,
    Temperature,
    VectorScaling,
    activate,
)
from sightline.records.decided import CAUSES, VERDICTS, Cause, Decided, Verdict
from sightline.records.decision import EVEN_ODDS, NEVER, DecisionRule, expected_costs
from sightline.records.frozen import Frozen
from sightline.records.outlier_choice import OutlierChoice, OutlierFigures
from sightline.records.outliers import MixPart, OutlierRule, OutlierScore, SingleScore
from sightline.records.prediction import Candidate, Neighbour, Prediction, Timings
from sightline.records.prediction_sets import EVERY_LABEL, PredictionSets, set_scores
from sightline.records.preprocessing import ImageFormat, ImageLimits, Preprocessing, Rgb
from sightline.records.scores import Scores, Targets
from sightline.records.task import Activation, Task, activation_of, require_task

__all__ = [
    "CAUSES",
    "EVEN_ODDS",
    "EVERY_LABEL",
    "NEVER",
    "VERDICTS",
    "Activation",
    "Calibration",
    "Candidate",
    "Cause",
    "Curve",
    "Decided",
    "DecisionRule",
    "Frozen",
    "ImageFormat",
    "ImageLimits",
    "Isotonic",
    "MixPart",
    "Neighbour",
    "OutlierChoice",
    "OutlierFigures",
    "OutlierRule",
    "OutlierScore",
    "Platt",
    "Prediction",
    "PredictionSets",
    "Preprocessing",
    "Rgb",
    "Scores",
    "SingleScore",
    "Targets",
    "Task",
    "Temperature",
    "Timings",
    "VectorScaling",
    "Verdict",
    "activate",
    "activation_of",
    "expected_costs",
    "require_task",
    "set_scores",
]
