"""Failure cases kept: pictures with their right answers, on which every later bundle is tried."""

from sightline.lifecycle.regression.add import Added, add_images
from sightline.lifecycle.regression.case import Case, State
from sightline.lifecycle.regression.run import CaseResult, RegressionResult, mark_fixed, run_set
from sightline.lifecycle.regression.table import read_picture, read_set

__all__ = [
    "Added",
    "Case",
    "CaseResult",
    "RegressionResult",
    "State",
    "add_images",
    "mark_fixed",
    "read_picture",
    "read_set",
    "run_set",
]
