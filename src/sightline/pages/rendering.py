"""Templates filled in: every name escaped and made visible, whoever the page belongs to."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sightline.extras import require

_PART = re.compile(r"[^/_. -]*[/_. -]*")  # a line may break behind these
_KEPT_CONTROLS = "\u200d"  # the joiner within emoji


@dataclass(frozen=True)
class Room:
    """Where a page's own templates lie: `package` has a folder `templates`; what the page shares is found as well.

    filters
        Further ones that its templates use, by name.
    """

    package: str
    filters: Mapping[str, Callable[..., object]] = field(default_factory=dict)


def render(room: Room, template: str, **fields: object) -> str:
    """Fill in a template of a room; whatever it names must be given.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    text: str = _environment(room).get_template(template).render(**fields)
    return text


def _environment(room: Room) -> Any:
    jinja2 = require("jinja2")
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(package) for package in (room.package, "sightline.pages")]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["parts"] = _PART.findall
    environment.filters["number"] = lambda number: f"{number:,}"
    environment.filters["figure"] = lambda number: f"{number:,.3g}" if number < 1000 else f"{number:,.0f}"
    environment.filters.update(room.filters)
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
