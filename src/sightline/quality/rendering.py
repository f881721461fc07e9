"""What the templates of this room need beside what all pages share."""

from collections.abc import Iterable

from sightline.pages import Room, render
from sightline.quality.balance import ClassCount
from sightline.quality.histograms import Histogram


def render_quality(template: str, **fields: object) -> str:
    """Fill in a template of this room; see `sightline.pages.render`."""
    return render(Room("sightline.quality", filters={"bars": _bars, "shares": _shares}), template, **fields)


def _bars(histogram: Histogram) -> Iterable[tuple[int, float]]:
    """Place and height of each bar, 0 to 1, that is not empty."""
    highest = max(histogram.counts, default=0)
    return [(place, count / highest) for place, count in enumerate(histogram.counts) if count]


def _shares(one: ClassCount, largest: int) -> Iterable[tuple[str, int, float]]:
    """Name, pictures and share of the widest bar in percent, of each split of a class."""
    return [(name, count, 100 * count / largest) for name, count in one.splits.items()]
