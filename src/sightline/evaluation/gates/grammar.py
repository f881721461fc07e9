"""The words in which a gate is given."""

import math
import re
from typing import Literal

from sightline.errors import InputError
from sightline.records import Frozen

Operator = Literal[">=", ">", "<=", "<"]
EVERY = "*"
GRAMMAR = (
    "A gate is 'FIGURE >= NUMBER' (or >, <=, <), as in 'macro_f1>=0.9'; 'FIGURE[CLASS] >= NUMBER' for one class, "
    "'FIGURE[*] >= NUMBER' for every class; or 'no class recall drop > NUMBER against BUNDLE' (or precision, f1; "
    "without 'class': accuracy, macro_f1)."
)
CLASS_DROPS = ("recall", "precision", "f1")
OVERALL_DROPS = ("accuracy", "macro_f1")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*%?"
_LIMIT = re.compile(rf"\s*(\w+)\s*(?:\[(.+)\])?\s*(>=|<=|>|<)\s*({_NUMBER})\s*")
_DROP = re.compile(
    rf"\s*no\s+(class\s+)?(\w+)\s+drop\s*>\s*({_NUMBER})\s+against\s+(\S.*?)\s*", re.IGNORECASE
)


class Limit(Frozen):
    """A figure, possibly of one class or, with `*`, of every class, against a number."""

    text: str
    figure: str
    label: str | None
    operator: Operator
    limit: float


class Drop(Frozen):
    """A figure, overall or of every class, must not fall by more than `most` below that of a bundle."""

    text: str
    figure: str
    per_class: bool
    most: float
    bundle: str


Gate = Limit | Drop


def read_gate(text: str) -> Gate:
    """Read a gate; whether its figure and class exist is for `check_gates` to say.

    Raises:
        InputError: it is none; the message gives the grammar.
    """
    if found := _DROP.fullmatch(text):
        per_class, figure, most, bundle = found.groups()
        allowed = CLASS_DROPS if per_class else OVERALL_DROPS
        if figure.lower() not in allowed:
            raise InputError(
                f"The gate '{text}' cannot be read: a drop {'by class' if per_class else 'overall'} may be of "
                f"{', '.join(allowed)}, not of '{figure}'."
            )
        return Drop(
            text=text, figure=figure.lower(), per_class=bool(per_class), most=_number(most), bundle=bundle
        )
    if found := _LIMIT.fullmatch(text):
        figure, label, operator, limit = found.groups()
        operators: dict[str, Operator] = {">=": ">=", ">": ">", "<=": "<=", "<": "<"}
        return Limit(
            text=text, figure=figure, label=label, operator=operators[operator], limit=_number(limit)
        )
    raise InputError(f"The gate '{text}' cannot be read. {GRAMMAR}")


def _number(text: str) -> float:
    found = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    if not math.isfinite(found):
        raise InputError(f"The limit '{text}' of a gate is too large a number.")
    return found
