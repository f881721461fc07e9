"""Where an answer is accepted: thresholds for stated aims, and what can be expected of them."""

from sightline.evaluation.operating.aims import GRAMMAR, Aim, read_aim
from sightline.evaluation.operating.bounds import most_lost, needed_for, predicted_share
from sightline.evaluation.operating.contradictions import (
    WishMistake,
    check_wishes,
    contradictions,
    misfits,
    refuse,
    repeated_aims,
)
from sightline.evaluation.operating.fit import Fitted, check_decision, fit_decision
from sightline.evaluation.operating.selective import risk_coverage
from sightline.evaluation.operating.wishes import Wishes, read_rate

__all__ = [
    "GRAMMAR",
    "Aim",
    "Fitted",
    "WishMistake",
    "Wishes",
    "check_decision",
    "check_wishes",
    "contradictions",
    "fit_decision",
    "misfits",
    "most_lost",
    "needed_for",
    "predicted_share",
    "read_aim",
    "read_rate",
    "refuse",
    "repeated_aims",
    "risk_coverage",
]
