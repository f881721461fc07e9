"""Pages of HTML that need nothing else: no network, no script, no file beside them."""

import re
from collections.abc import Iterable
from typing import Any

from sightline.extras import require
from sightline.quality.balance import ClassCount
from sightline.quality.histograms import Histogram

_PART = re.compile(r"[^/_. -]*[/_. -]*")  # a line may break behind these
_KEPT_CONTROLS = "\u200d"  # the joiner within emoji


def render(template: str, **fields: object) -> str:
    """Fill in a template of this room; whatever it names must be given.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    text: str = _environment().get_template(template).render(**fields)
    return text


def _environment() -> Any:
    jinja2 = require("jinja2")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sightline.quality"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["bars"] = _bars
    environment.filters["shares"] = _shares
    environment.filters["parts"] = _PART.findall
    environment.filters["number"] = lambda number: f"{number:,}"
    environment.filters["figure"] = lambda number: f"{number:,.3g}" if number < 1000 else f"{number:,.0f}"
    return environment


def _printable(value: object) -> object:
    """Spell out control characters, of names above all: they can turn text around or hide it."""
    if not isinstance(value, str) or value.isprintable():
        return value
    if hasattr(value, "__html__"):
        return value
    return "".join(
        char if char.isprintable() or char in _KEPT_CONTROLS else char.encode("unicode_escape").decode()
        for char in value
    )


def _bars(histogram: Histogram) -> Iterable[tuple[int, float]]:
    """Place and height of each bar, 0 to 1, that is not empty."""
    highest = max(histogram.counts, default=0)
    return [(place, count / highest) for place, count in enumerate(histogram.counts) if count]


def _shares(one: ClassCount, largest: int) -> Iterable[tuple[str, int, float]]:
    """Name, pictures and share of the widest bar in percent, of each split of a class."""
    return [(name, count, 100 * count / largest) for name, count in one.splits.items()]
