"""Telling strange pictures from usual ones: fitted and chosen when a bundle is built."""

from sightline.lifecycle.strangers import altered, from_nothing
from sightline.lifecycle.strangers.caveats import caveats
from sightline.lifecycle.strangers.choose import CANDIDATES, Wanted, choose_rule, fit_scorers
from sightline.lifecycle.strangers.fit import Familiar, Strangers, fit_strangers, run_outliers
from sightline.lifecycle.strangers.fit_reference import choose_rows, fit_reference
from sightline.lifecycle.strangers.generate import EMPTY, generate_outliers
from sightline.lifecycle.strangers.threshold import HeldOut, promise

__all__ = [
    "CANDIDATES",
    "EMPTY",
    "Familiar",
    "HeldOut",
    "Strangers",
    "Wanted",
    "altered",
    "caveats",
    "choose_rows",
    "choose_rule",
    "fit_reference",
    "fit_scorers",
    "fit_strangers",
    "from_nothing",
    "generate_outliers",
    "promise",
    "run_outliers",
]
