"""Everything that was asked of a decision, in one record."""

import re
from dataclasses import dataclass
from typing import Literal

from sightline.evaluation.operating.aims import Aim
from sightline.evaluation.operating.bounds import CONFIDENCE

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
