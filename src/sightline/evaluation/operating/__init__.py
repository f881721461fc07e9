"""Where an answer is accepted: thresholds for stated aims, and what can be expected of them."""

from sightline.evaluation.operating.aims import GRAMMAR, Aim, read_aim
from sightline.evaluation.operating.bounds import most_lost, needed_for, predicted_share
from sightline.evaluation.operating.fit import Fitted, check_decision, fit_decision
from sightline.evaluation.operating.selective import risk_coverage
from sightline.evaluation.operating.wishes import Wishes, check_wishes, contradiction, read_rate

__all__ = [
    "GRAMMAR",
    "Aim",
    "Fitted",
    "Wishes",
    "check_decision",
    "check_wishes",
    "contradiction",
    "fit_decision",
    "most_lost",
    "needed_for",
    "predicted_share",
    "read_aim",
    "read_rate",
    "risk_coverage",
]
