"""Which strategy and which backbone to begin with, from what is known before anything is trained."""

from sightline.lifecycle.advising.advice import Advice, Row, advise, worth_measuring
from sightline.lifecycle.advising.backbones import SOURCE, Backbone, read_backbones
from sightline.lifecycle.advising.measured import Measured, measure_backbones
from sightline.lifecycle.advising.question import Question, Target, question_about

__all__ = [
    "SOURCE",
    "Advice",
    "Backbone",
    "Measured",
    "Question",
    "Row",
    "Target",
    "advise",
    "measure_backbones",
    "question_about",
    "read_backbones",
    "worth_measuring",
]
