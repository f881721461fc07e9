"""How good variants are over how fast they are, with the front of those that no other beats in both."""

from collections.abc import Sequence
from dataclasses import dataclass

from sightline.records import Estimate
from sightline.report.charts.plane import (
    HEIGHT,
    Axis,
    Chart,
    Key,
    Look,
    Spot,
    path,
    place_x,
    place_y,
    round_axis,
)
from sightline.report.numbers import between, share

_DEEPEST = 0.15
_BESIDE_PX, _LINE_PX = 14.0, 11.0


@dataclass(frozen=True)
class Mark:
    """One variant in the plane.

    number
        By which it stands in the table.
    look
        `mark`: it serves; `first`: it is as good; `faint`: it was refused.
    """

    number: int
    name: str
    images_per_s: float
    accuracy: float
    interval: Estimate | None
    look: Look


def draw_speed_accuracy(marks: Sequence[Mark], split: str) -> Chart:
    """The chart; a refused variant that is far worse than the others is drawn at the lower border."""
    best = max(one.accuracy for one in marks)
    seen = [one for one in marks if one.accuracy >= best - _DEEPEST]
    lows = [one.interval.low if one.interval else one.accuracy for one in seen]
    highs = [one.interval.high if one.interval else one.accuracy for one in seen]
    x = round_axis("images/s, a session a core", 0.0, max(one.images_per_s for one in marks), shares=False)
    # Its name is the title: there is no room beside ticks like 97.5%.
    y = round_axis("", max(min(lows), best - _DEEPEST), max(highs), shares=True)
    front = [one for one in marks if one.look != "faint" and not _beaten(one, marks)]
    line = sorted((one.images_per_s, one.accuracy) for one in front)
    return Chart(
        title=f"Accuracy on {split} over speed",
        said="Accuracy over images a second. " + " ".join(_spoken(one) for one in marks),
        x=x,
        y=y,
        paths=(path(x, y, line, "guide"),) if len(line) > 1 else (),
        spots=_spots(marks, x, y),
        keys=_keys(marks, len(line) > 1),
    )


def _spots(marks: Sequence[Mark], x: Axis, y: Axis) -> tuple[Spot, ...]:
    """Each with its number at its right: below it in the upper half, else above, and further where another stands."""
    taken: list[tuple[float, float]] = []
    spots = []
    for one in sorted(marks, key=lambda one: one.images_per_s):
        across, up = place_x(x, one.images_per_s), place_y(y, one.accuracy)
        step = _LINE_PX if up < HEIGHT / 2 else -_LINE_PX
        at = up + (13 if step > 0 else -6)
        while any(abs(across - left) < _BESIDE_PX and abs(at - top) < _LINE_PX for left, top in taken):
            at += step
        taken.append((across, at))
        low, high = (
            (None, None)
            if one.interval is None
            else (place_y(y, one.interval.low), place_y(y, one.interval.high))
        )
        spots.append(Spot(across, up, one.look, _spoken(one), low, high, str(one.number), round(at, 1)))
    return tuple(spots)


def _keys(marks: Sequence[Mark], front: bool) -> tuple[Key, ...]:
    said: dict[Look, str] = {"mark": "serves", "first": "as good", "faint": "refused"}
    keys = [
        Key(look, text, spot=True) for look, text in said.items() if any(one.look == look for one in marks)
    ]
    return (*keys, Key("guide", "no other is faster and as accurate")) if front else tuple(keys)


def _beaten(one: Mark, marks: Sequence[Mark]) -> bool:
    return any(
        other.look != "faint"
        and other.images_per_s >= one.images_per_s
        and other.accuracy >= one.accuracy
        and (other.images_per_s, other.accuracy) != (one.images_per_s, one.accuracy)
        for other in marks
    )


def _spoken(one: Mark) -> str:
    interval = f" ({between(one.interval)})" if one.interval else ""
    return f"{one.number}: {one.name}, {one.images_per_s:.0f} images/s, {share(one.accuracy)}{interval}."
