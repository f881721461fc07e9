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
from sightline.records.checklist import ChecklistLine, ChecklistState
from sightline.records.class_maps import ClassMaps
from sightline.records.decided import ACCEPT, CAUSES, REJECT, REVIEW, VERDICTS, Cause, Decided, Verdict
from sightline.records.decision import EVEN_ODDS, NEVER, DecisionRule, expected_costs
from sightline.records.decision_report import (
    AimReport,
    BeforeAfter,
    CalibrationCandidate,
    CalibrationErrors,
    CalibrationReport,
    DecisionReport,
    FittedOn,
    OperatingReport,
    RiskPoint,
)
from sightline.records.estimate import LEVEL, Estimate, IntervalMethod
from sightline.records.explained import ExplanationMethod, ExplanationSummary
from sightline.records.frozen import Frozen
from sightline.records.outlier_choice import OutlierChoice, OutlierFigures
from sightline.records.outliers import MixPart, OutlierRule, OutlierScore, SingleScore
from sightline.records.prediction import Candidate, Neighbour, Prediction, Timings
from sightline.records.prediction_sets import EVERY_LABEL, PredictionSets, set_scores
from sightline.records.preprocessing import ImageFormat, ImageLimits, Preprocessing, Rgb
from sightline.records.scored_set import Column, ScoredSet, ScoresOrigin
from sightline.records.scores import Scores, Targets
from sightline.records.task import Activation, Task, activation_of, require_task

__all__ = [
    "ACCEPT",
    "CAUSES",
    "EVEN_ODDS",
    "EVERY_LABEL",
    "LEVEL",
    "NEVER",
    "REJECT",
    "REVIEW",
    "VERDICTS",
    "Activation",
    "AimReport",
    "BeforeAfter",
    "Calibration",
    "CalibrationCandidate",
    "CalibrationErrors",
    "CalibrationReport",
    "Candidate",
    "Cause",
    "ChecklistLine",
    "ChecklistState",
    "ClassMaps",
    "Column",
    "Curve",
    "Decided",
    "DecisionReport",
    "DecisionRule",
    "Estimate",
    "ExplanationMethod",
    "ExplanationSummary",
    "FittedOn",
    "Frozen",
    "ImageFormat",
    "ImageLimits",
    "IntervalMethod",
    "Isotonic",
    "MixPart",
    "Neighbour",
    "OperatingReport",
    "OutlierChoice",
    "OutlierFigures",
    "OutlierRule",
    "OutlierScore",
    "Platt",
    "Prediction",
    "PredictionSets",
    "Preprocessing",
    "Rgb",
    "RiskPoint",
    "ScoredSet",
    "Scores",
    "ScoresOrigin",
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
