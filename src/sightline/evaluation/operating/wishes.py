"""Everything that was asked of a decision, in one record."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sightline.errors import DatasetError
from sightline.evaluation.operating.aims import Aim, require_labels
from sightline.evaluation.operating.bounds import CONFIDENCE
from sightline.records import Task

_RATE = re.compile(r"\s*([0-9][0-9_,]*(?:\.[0-9]+)?)\s*/\s*(hour|day|week)\s*")
_DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0}


@dataclass(frozen=True)
class Wishes:
    """What was asked for; the default asks for nothing.

    aims
        See `sightline.evaluation.operating.aims`.
    costs
        Float rows `[C][C]`, row = truth, column = answer; see `DecisionRule`.
    review_capacity, traffic
        Pictures a day that people can look at, and pictures a day that come; both or neither.
    priority
        Labels, the most important first, whose pictures the review capacity is spent on before anything else.
    sets, coverage
        The kind of prediction sets, if any, and their coverage.
    confidence
        With which aims are to hold on fresh pictures.
    """

    aims: tuple[Aim, ...] = ()
    costs: tuple[tuple[float, ...], ...] | None = None
    review_capacity: float | None = None
    traffic: float | None = None
    priority: tuple[str, ...] = ()
    sets: Literal["lac", "aps"] | None = None
    coverage: float = 0.95
    confidence: float = CONFIDENCE

    @property
    def review_share(self) -> float | None:
        """The share of the pictures that may go to review."""
        if self.review_capacity is None or self.traffic is None:
            return None
        return self.review_capacity / self.traffic

    def in_words(self) -> str:
        """What was asked for, as it stands in the rule."""
        parts = [str(aim) for aim in self.aims]
        if self.costs is not None:
            parts.append("least expected cost")
        if self.priority:
            parts.append(f"recall first of {', '.join(self.priority)}")
        if self.review_capacity is not None and self.traffic is not None:
            parts.append(f"at most {self.review_capacity:g} of {self.traffic:g} a day to review")
        if self.sets is not None:
            parts.append(f"{self.sets} sets that hold the truth in {self.coverage:g}")
        return "; ".join(parts)


def read_rate(text: str) -> float:
    """Pictures a day, from `200/day`, `1_000/hour` or `50/week`.

    Raises:
        ValueError: it is no rate.
    """
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no rate; write it as 200/day, or per hour or week")
    return float(found[1].replace("_", "").replace(",", "")) / _DAYS[found[2]]


def contradiction(wishes: Wishes) -> str | None:
    """What cannot be meant, whatever the labels; None if nothing."""
    if (wishes.review_capacity is None) != (wishes.traffic is None):
        there, absent = (
            ("traffic", "review_capacity")
            if wishes.review_capacity is None
            else ("review_capacity", "traffic")
        )
        return f"{there} is given without {absent}: the share to review is the one over the other"
    if wishes.traffic is not None and wishes.traffic <= 0.0:
        return "traffic must be above 0"
    share = wishes.review_share
    if share is not None and share > 1.0:
        return (
            f"review_capacity is {wishes.review_capacity:g} a day and traffic {wishes.traffic:g}: everything can be "
            "looked at, and no threshold is needed for that"
        )
    if wishes.priority and share is None:
        return "priority says what the review capacity is spent on first: give review_capacity and traffic"
    return None


def check_wishes(wishes: Wishes, labels: Sequence[str], task: Task) -> None:
    """Refuse what cannot be done for these labels, before anything is trained or scored.

    Raises:
        DatasetError: an unknown label, costs of another size, or what only the other task has.
    """
    for aim in wishes.aims:
        if aim.label not in (None, "*"):
            require_labels([str(aim.label)], labels, f"The aim '{aim}' names")
    require_labels(wishes.priority, labels, "priority names")
    if wishes.costs is not None and {len(wishes.costs), *map(len, wishes.costs)} != {len(labels)}:
        raise DatasetError(
            f"The costs have {len(wishes.costs)} rows; {len(labels)} labels need {len(labels)} rows of as many."
        )
    if task == "multilabel" and (wishes.costs is not None or wishes.sets is not None):
        what = "costs" if wishes.costs is not None else "sets"
        raise DatasetError(
            f"decision.{what} is for the task multiclass; this one is multilabel. Leave it out."
        )
    wrong = contradiction(wishes)
    if wrong is not None:
        raise DatasetError(f"The decision cannot be fitted: {wrong}.")
