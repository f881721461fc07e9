"""Frozen records that cross floors."""

from sightline.records.decision import DecisionRule, Verdict
from sightline.records.frozen import Frozen
from sightline.records.prediction import Candidate, Prediction, Timings
from sightline.records.preprocessing import ImageFormat, ImageLimits, Preprocessing, Rgb
from sightline.records.scores import Scores

__all__ = [
    "Candidate",
    "DecisionRule",
    "Frozen",
    "ImageFormat",
    "ImageLimits",
    "Prediction",
    "Preprocessing",
    "Rgb",
    "Scores",
    "Timings",
    "Verdict",
]
