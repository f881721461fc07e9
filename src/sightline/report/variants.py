"""The page of an optimisation: which variant serves, why, what else was tried, and what is known before it ships."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sightline.pages import Room, render
from sightline.records import ChecklistLine
from sightline.report.charts import Chart

_ROOM = Room("sightline.report")


@dataclass(frozen=True)
class VariantLine:
    """One variant as the table says it: texts, ready to be read.

    role
        `serves`, `reference`, `kept` or `refused`.
    reasons
        Why it was refused, and where its graph departs from the reference.
    """

    number: int
    name: str
    role: Literal["serves", "reference", "kept", "refused"]
    on_front: bool
    runtime: str
    precision: str
    latencies: tuple[str, ...]
    images_per_s: str
    ratio: str
    size_mb: str
    memory_mib: str
    start_s: str
    accuracy: str
    accuracy_interval: str
    drop: str
    test: str
    same_answers: str
    worst_class: str
    how: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class SmallerNetwork:
    """A network of fewer weights in the table: its float graph, and its best variant that was kept, in a sentence."""

    name: str
    size_mb: str
    accuracy: str
    images_per_s: str
    said: str


@dataclass(frozen=True)
class OptimizationPage:
    """All that the page says.

    tiles
        Figures of the variant that serves, as name, value, and what is said below it.
    batches
        Pictures a call of each column of latencies.
    """

    name: str
    bundle_id: str
    level: Literal["good", "error"]
    headline: str
    sentence: str
    notes: tuple[str, ...]
    tiles: tuple[tuple[str, str, str], ...]
    chart: Chart
    batches: tuple[int, ...]
    lines: tuple[VariantLine, ...]
    judged_on: str
    smaller: tuple[SmallerNetwork, ...]
    machine: Mapping[str, str]
    checklist: tuple[ChecklistLine, ...]
    created_at: str


def render_optimization(page: OptimizationPage) -> str:
    """The page as text, to be written as UTF-8; it loads nothing.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    states = [line.state for line in page.checklist]
    counts = {state: states.count(state) for state in ("verified", "not verified", "not stated")}
    return render(_ROOM, "optimization.html.j2", page=page, counts=counts)
