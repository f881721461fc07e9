"""Frozen records that cross floors."""

from sightline.records.class_maps import ClassMaps
from sightline.records.decision import EVEN_ODDS, DecisionRule, Verdict
from sightline.records.explained import ExplanationMethod, ExplanationSummary
from sightline.records.frozen import Frozen
from sightline.records.prediction import Candidate, Prediction, Timings
from sightline.records.preprocessing import ImageFormat, ImageLimits, Preprocessing, Rgb
from sightline.records.scores import Scores, Targets
from sightline.records.task import Activation, Task, activation_of, require_task

__all__ = [
    "EVEN_ODDS",
    "Activation",
    "Candidate",
    "ClassMaps",
    "DecisionRule",
    "ExplanationMethod",
    "ExplanationSummary",
    "Frozen",
    "ImageFormat",
    "ImageLimits",
    "Prediction",
    "Preprocessing",
    "Rgb",
    "Scores",
    "Targets",
    "Task",
    "Timings",
    "Verdict",
    "activation_of",
    "require_task",
]
