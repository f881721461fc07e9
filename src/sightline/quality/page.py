"""The report as one HTML page that needs nothing else: no network, no script, no file beside it."""

import re
from collections.abc import Iterable
from typing import Any

from sightline.dataset.sources.store import Store
from sightline.extras import require
from sightline.parallel import Progress
from sightline.quality.balance import GUIDES, ClassCount
from sightline.quality.gallery import draw_thumbnails, gallery_of
from sightline.quality.histograms import Histogram
from sightline.quality.kinds import TITLES
from sightline.quality.report import CheckReport
from sightline.quality.verdict import verdict
from sightline.records import ImageLimits

_CLASSES_AT_ONCE = 40
_PART = re.compile(r"[^/_. -]*[/_. -]*")  # a line may break behind these
_KEPT_CONTROLS = "\u200d"  # the joiner within emoji


def render_page(
    report: CheckReport, store: Store, *, limits: ImageLimits | None = None, progress: Progress | None = None
) -> str:
    """The page as text, to be written as UTF-8; at most about 5 MB.

    Thumbnails are made of what is shown only; a picture that has vanished meanwhile leaves an empty frame.
    `progress` counts them.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    galleries = {issue.kind: gallery_of(issue) for issue in report.issues}
    strips = [strip for gallery in galleries.values() for strip in gallery.strips]
    paths = sorted({one.path for strip in strips for one in strip.pictures})
    largest = max((one.images for one in report.classes), default=0)
    text: str = (
        _environment()
        .get_template("page.html.j2")
        .render(
            report=report,
            verdict=verdict(report),
            titles=TITLES,
            galleries=galleries,
            thumbnails=draw_thumbnails(paths, store, limits or ImageLimits(), progress),
            classes=sorted(report.classes, key=lambda one: -one.images),
            at_once=_CLASSES_AT_ONCE,
            largest=max(1, largest),
            guides=GUIDES,
        )
    )
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
