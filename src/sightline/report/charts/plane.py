"""A chart as plain data: two axes and marks upon them, already in the units of its drawing."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

WIDTH, HEIGHT = 340, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 20, 12, 42

Look = Literal["first", "second", "third", "fourth", "guide", "faint", "mark"]
Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, with a number at each tick; `shares` are written as percentages."""

    name: str
    low: float
    high: float
    ticks: tuple[float, ...]
    shares: bool = True

    def share(self, value: float) -> float:
        """How far along the axis a value lies, 0 to 1; what lies beyond an end is put there."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def text(self, value: float) -> str:
        """How a value is written at its tick."""
        return percent(value) if self.shares else f"{value:,g}"


@dataclass(frozen=True)
class Path:
    """A line through points of the drawing."""

    points: str
    look: Look


@dataclass(frozen=True)
class Spot:
    """A point of the drawing, with what a pointer over it reads; `low` and `high` are the ends of its interval.

    written
        What stands at the right of the point, at `written_y`.
    """

    x: float
    y: float
    look: Look
    said: str
    low: float | None = None
    high: float | None = None
    written: str = ""
    written_y: float = 0.0


@dataclass(frozen=True)
class Tick:
    """A place along an axis of the drawing, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True)
class Key:
    """What a look stands for, as a line or as a spot."""

    look: Look
    text: str
    spot: bool = False


@dataclass(frozen=True)
class Chart:
    """What the template draws. `said` tells those who cannot see it what it shows."""

    title: str
    said: str
    x: Axis
    y: Axis
    paths: tuple[Path, ...] = ()
    spots: tuple[Spot, ...] = ()
    keys: tuple[Key, ...] = ()
    bars: tuple[tuple[float, float, float, float], ...] = field(default=())

    @property
    def across(self) -> tuple[Tick, ...]:
        """The ticks of the axis below."""
        return tuple(Tick(place_x(self.x, tick), self.x.text(tick)) for tick in self.x.ticks)

    @property
    def up(self) -> tuple[Tick, ...]:
        """The ticks of the axis at the left."""
        return tuple(Tick(place_y(self.y, tick), self.y.text(tick)) for tick in self.y.ticks)

    @property
    def frame(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of what lies between the axes."""
        return _LEFT, _TOP, WIDTH - _RIGHT, HEIGHT - _BOTTOM


def whole_axis(name: str) -> Axis:
    """A share, from nothing to all."""
    return Axis(name, 0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0))


def small_axis(name: str, largest: float) -> Axis:
    """A share from 0 to a round number that is not below the largest value."""
    step = next((one for one in _steps() if 4 * one >= largest), 0.25)
    return Axis(name, 0.0, 4 * step, tuple(step * tick for tick in range(5)))


def round_axis(name: str, low: float, high: float, *, shares: bool) -> Axis:
    """From a round number that is not above `low` to one that is not below `high`, in at most six steps."""
    if high <= low:
        low = high - (0.05 if shares else 1.0)
    span = high - low
    step = next(
        digit * math.pow(10, power)
        for power in range(-8, 12)
        for digit in (1.0, 2.0, 2.5, 5.0)
        if 5 * digit * math.pow(10, power) >= span
    )
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(step * place, 10) for place in range(first, last + 1))
    return Axis(name, ticks[0], ticks[-1], ticks, shares=shares)


def place_x(axis: Axis, value: float) -> float:
    """Where a value stands in the drawing, from its left."""
    return round(_LEFT + axis.share(value) * (WIDTH - _LEFT - _RIGHT), 1)


def place_y(axis: Axis, value: float) -> float:
    """Where a value stands in the drawing, from its top."""
    return round(HEIGHT - _BOTTOM - axis.share(value) * (HEIGHT - _TOP - _BOTTOM), 1)


def path(x: Axis, y: Axis, points: Iterable[Point], look: Look) -> Path:
    """A line through points of the plane."""
    return Path(" ".join(f"{place_x(x, one)},{place_y(y, other)}" for one, other in points), look)


def percent(value: float) -> str:
    """A round share: `25%`, `0.5%`."""
    return f"{round(100 * value, 6):g}%"


def thinned(points: Sequence[Point], most: int = 120) -> list[Point]:
    """At most so many points of a long line, its ends among them."""
    if len(points) <= most:
        return list(points)
    return [points[round(place * (len(points) - 1) / (most - 1))] for place in range(most)]


def _steps() -> Iterable[float]:
    for power in range(-4, 0):
        for digit in (1.0, 2.0, 2.5, 5.0):
            step = digit * math.pow(10, power)
            if step <= 0.25:
                yield step
