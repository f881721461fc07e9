"""Frozen records that cross floors."""

from sightline.records.decision import EVEN_ODDS, DecisionRule, Verdict
from sightline.records.estimate import LEVEL, Estimate, IntervalMethod
from sightline.records.frozen import Frozen
from sightline.records.prediction import Candidate, Prediction, Timings
from sightline.records.preprocessing import ImageFormat, ImageLimits, Preprocessing, Rgb
from sightline.records.scored_set import Column, ScoredSet, ScoresOrigin
from sightline.records.scores import Scores, Targets
from sightline.records.task import Activation, Task, activation_of, require_task

__all__ = [
    "EVEN_ODDS",
    "LEVEL",
    "Activation",
    "Candidate",
    "Column",
    "DecisionRule",
    "Estimate",
    "Frozen",
    "ImageFormat",
    "ImageLimits",
    "IntervalMethod",
    "Prediction",
    "Preprocessing",
    "Rgb",
    "ScoredSet",
    "Scores",
    "ScoresOrigin",
    "Targets",
    "Task",
    "Timings",
    "Verdict",
    "activation_of",
    "require_task",
]
