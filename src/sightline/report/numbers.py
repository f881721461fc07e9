"""Figures as they stand on the page: never rounded to what they are not."""

from dataclasses import dataclass

from sightline.records import Estimate

UNKNOWN = "–"


def share(value: float | None) -> str:
    """A share as a percentage: `97.3%`; all and nothing only where it is all or nothing."""
    if value is None:
        return UNKNOWN
    percent = 100 * value
    for digits in (1, 2, 3):
        text = f"{percent:.{digits}f}"
        if float(text) not in (0.0, 100.0) or percent in (0.0, 100.0):
            return f"{int(percent)}%" if percent in (0.0, 100.0) else f"{text}%"
    return "≈100%" if percent > 50 else "≈0%"


def decimal(value: float | None) -> str:
    """A figure with three decimals: `0.973`; four where three would make it 1."""
    if value is None:
        return UNKNOWN
    return f"{value:.4f}" if value < 1 and f"{value:.3f}" == "1.000" else f"{value:.3f}"


def between(estimate: Estimate | None, *, percent: bool = True) -> str:
    """The interval alone: `95.2–98.5%`; empty where there is none."""
    if estimate is None:
        return ""
    if not percent:
        return f"{decimal(estimate.low)}–{decimal(estimate.high)}"
    return f"{share(estimate.low).removesuffix('%')}–{share(estimate.high)}"


@dataclass(frozen=True)
class Span:
    """A share with its interval, ready to be drawn on a bar from 0 to 100.

    `low` and `width` are percent; None where there is no interval.
    """

    text: str
    interval: str = ""
    at: float | None = None
    low: float | None = None
    width: float | None = None


def span(value: float | None, estimate: Estimate | None, *, percent: bool = True) -> Span:
    """A figure in [0, 1] as text and as a place on a bar; `percent`: written as a percentage."""
    text = share(value) if percent else decimal(value)
    if value is None or estimate is None:
        return Span(text, at=None if value is None else 100 * value)
    low, high = (100 * min(1.0, max(0.0, bound)) for bound in (estimate.low, estimate.high))
    return Span(text, between(estimate, percent=percent), 100 * value, low, high - low)
