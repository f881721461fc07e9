"""The kinds of issue that a data set can have, and which of them a check may be asked to fail on."""

from collections.abc import Sequence
from typing import Literal, get_args

from sightline.errors import InputError

Kind = Literal[
    "corrupt",
    "label_conflicts",
    "leaks",
    "exact_duplicates",
    "near_label_conflicts",
    "near_duplicates",
    "wrong_extension",
    "blurry",
    "dark",
    "light",
    "low_information",
    "odd_size",
    "odd_aspect_ratio",
    "grayscale",
    "few_images",
    "imbalance",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order of a report."""

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The worst first. `error`: figures or training are wrong; `warning`: look at it; `info`: good to know."""

FAIL_ON: tuple[str, ...] = (*KINDS, "error", "any")

TITLES: dict[Kind, str] = {
    "corrupt": "Files set aside",
    "label_conflicts": "One picture, different labels",
    "leaks": "Leaks between splits",
    "exact_duplicates": "Exact duplicates",
    "near_label_conflicts": "Near duplicates, different labels",
    "near_duplicates": "Near duplicates",
    "wrong_extension": "Wrong extension",
    "blurry": "Blurry",
    "dark": "Dark",
    "light": "Light",
    "low_information": "Low information",
    "odd_size": "Odd size",
    "odd_aspect_ratio": "Odd aspect ratio",
    "grayscale": "Grey and colour mixed",
    "few_images": "Few images",
    "imbalance": "Imbalance",
}


def check_fail_on(names: Sequence[str]) -> tuple[str, ...]:
    """The names as given, if a check can fail on each of them.

    Raises:
        InputError: lists the unknown names, and what is allowed.
    """
    unknown = [name for name in names if name not in FAIL_ON]
    if unknown:
        raise InputError(
            f"A check cannot fail on {', '.join(repr(name) for name in unknown)}. Allowed: {', '.join(FAIL_ON)}."
        )
    return tuple(names)
