"""The deployment checklist: what is known of a model before it ships, and what is not."""

from typing import Literal

from sightline.records.frozen import Frozen

ChecklistState = Literal["verified", "not verified", "not stated"]


class ChecklistLine(Frozen):
    """One line.

    state
        `verified`: what is on record shows it. `not verified`: it does not, and `said` tells what to do.
        `not stated`: nobody has said what is wanted.
    said
        The evidence, or the remedy: a sentence or two.
    """

    what: str
    state: ChecklistState
    said: str
