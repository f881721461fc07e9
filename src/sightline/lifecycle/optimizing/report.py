"""From the table of an optimisation to its page."""

from collections.abc import Iterator
from typing import Literal

from pydantic import ValidationError

from sightline.bundle import Bundle
from sightline.errors import BundleCorrupt, InputError
from sightline.lifecycle.checklist import checklist_of_optimization
from sightline.lifecycle.optimizing.records import Optimized, Row
from sightline.lifecycle.optimizing.write import TABLE_FILE
from sightline.report import OptimizationPage, SmallerNetwork, VariantLine, render_optimization
from sightline.report.charts import Look, Mark, draw_speed_accuracy
from sightline.report.numbers import between, share


def draw_optimization_report(bundle: Bundle, found: Optimized) -> str:
    """The page as text. `bundle` is the one that was optimised, or the one that was written.

    Raises:
        MissingExtra: Jinja2 is not installed.
    """
    chosen = _chosen(found)
    level, headline, sentence = _verdict(found, chosen)
    return render_optimization(
        OptimizationPage(
            name=bundle.sealed.name,
            bundle_id=bundle.id,
            level=level,
            headline=headline,
            sentence=sentence,
            notes=tuple(_notes(found)),
            tiles=() if chosen is None else tuple(_tiles(chosen)),
            chart=draw_speed_accuracy(
                [_mark(place, row, found) for place, row in _numbered(found)], found.split
            ),
            batches=tuple(one.batch_size for one in found.rows[0].speeds),
            lines=tuple(_line(place, row, found) for place, row in _numbered(found)),
            judged_on=f"on {found.images:,} pictures of {found.split}",
            smaller=tuple(_smaller(found)),
            machine=dict(_machine(found)),
            checklist=checklist_of_optimization(bundle, found),
            created_at=found.created_at,
        )
    )


def read_table(bundle: Bundle) -> Optimized:
    """The table that an optimised bundle carries.

    Raises:
        InputError: it has none.
        BundleCorrupt: it is of another version of Sightline.
    """
    if TABLE_FILE not in bundle.sealed.files:
        raise InputError(
            f"'{bundle.root}' has no {TABLE_FILE}: it was not made by `sightline optimize`. Give DATA to optimise it."
        )
    try:
        return Optimized.model_validate_json(bundle.read(TABLE_FILE))
    except ValidationError as err:
        raise BundleCorrupt(TABLE_FILE, f"'{TABLE_FILE}' of '{bundle.root}' cannot be read: {err}") from err


def _numbered(found: Optimized) -> Iterator[tuple[int, Row]]:
    yield from enumerate(found.rows, 1)


def _chosen(found: Optimized) -> Row | None:
    return next((row for row in found.rows if row.name == found.chosen), None)


def _verdict(found: Optimized, chosen: Row | None) -> tuple[Literal["good", "error"], str, str]:
    if chosen is None:
        return "error", "Nothing keeps the limits.", f"{found.missed}. Nothing was written."
    rate = chosen.throughput
    if chosen.role == "reference":
        return (
            "good",
            f"{chosen.name} serves.",
            f"The reference itself: of {len(found.rows) - 1} others none is as good and surely faster "
            f"({rate.by_session_per_core:.0f} images/s).",
        )
    assert chosen.gate is not None
    drop = chosen.gate.drop
    kept = sum(row.role != "refused" for row in found.rows)
    return (
        "good",
        f"{chosen.name} serves.",
        f"Of the {kept} that are as good, the reference among them, it answers most images a second: "
        f"{rate.by_session_per_core:.0f}, {rate.ratio:.2f} times the reference. Accuracy changes by "
        f"{-drop.value:+z.4f} ({-drop.high:+z.4f} to {-drop.low:+z.4f}) on {found.images:,} pictures of {found.split}.",
    )


def _notes(found: Optimized) -> Iterator[str]:
    asked = found.asked
    if asked is None:
        return
    yield (
        f"Allowed were a drop of accuracy by {asked.limits.max_drop:g} and of any class's recall by "
        f"{asked.limits.max_recall_drop:g}; asked for were {asked.least_gain:g} times the reference's images/s"
        + (f", at most {asked.max_latency_ms:g} ms (p95)" if asked.max_latency_ms is not None else "")
        + (f", at most {asked.max_size_mb:g} MB" if asked.max_size_mb is not None else "")
        + "."
    )


def _tiles(chosen: Row) -> Iterator[tuple[str, str, str]]:
    rate, single = chosen.throughput, chosen.single
    yield "images/s", f"{rate.by_session_per_core:,.0f}", f"{rate.ratio:.2f} times the reference"
    yield "one picture", f"{single.p50_ms:.1f} ms", f"95% within {single.p95_ms:.1f} ms"
    yield "accuracy", share(chosen.accuracy), between(chosen.held_out)
    if chosen.test is not None:
        yield "on test", share(chosen.test.value), between(chosen.test)
    yield "graph", f"{chosen.size_mb:.1f} MB", f"{chosen.runtime}, {chosen.precision}"


def _mark(number: int, row: Row, found: Optimized) -> Mark:
    look: Look = "mark" if row.name == found.chosen else "faint" if row.role == "refused" else "first"
    return Mark(number, row.name, row.throughput.by_session_per_core, row.accuracy, row.held_out, look)


def _line(number: int, row: Row, found: Optimized) -> VariantLine:
    gate, rate = row.gate, row.throughput
    drop = (
        "" if gate is None else f"{gate.drop.value:+z.4f} ({gate.drop.low:+z.3f} to {gate.drop.high:+z.3f})"
    )
    worst = ""
    if gate is not None and gate.worst_class is not None and gate.worst_recall_change:
        worst = f"{gate.worst_class} {gate.worst_recall_change:+z.3f}"
    return VariantLine(
        number=number,
        name=row.name,
        role="serves" if row.name == found.chosen else row.role,
        on_front=row.on_front,
        runtime=row.runtime,
        precision=row.precision,
        latencies=tuple(f"{one.p50_ms:.1f} / {one.p95_ms:.1f}" for one in row.speeds),
        images_per_s=f"{rate.by_session_per_core:,.0f}",
        ratio=f"{rate.ratio:.2f}",
        size_mb=f"{row.size_mb:.1f}",
        memory_mib="" if row.footprint.memory_mib is None else f"{row.footprint.memory_mib:.0f}",
        start_s=f"{row.footprint.start_s:.1f}",
        accuracy=share(row.accuracy),
        accuracy_interval=between(row.held_out),
        drop=drop,
        test="" if row.test is None else f"{share(row.test.value)} ({between(row.test)})",
        same_answers="" if gate is None else share(gate.label_agreement),
        worst_class=worst,
        how=row.how,
        reasons=(*row.reasons, *((row.departure,) if row.departure else ())),
    )


def _smaller(found: Optimized) -> Iterator[SmallerNetwork]:
    for name in dict.fromkeys(row.network for row in found.rows if row.network):
        own = [row for row in found.rows if row.network == name]
        kept = [row for row in own if row.role != "refused"]
        if any(row.name == found.chosen for row in own):
            said = f"{found.chosen} serves."
        elif kept:
            best = max(kept, key=lambda row: row.throughput.by_session_per_core)
            said = f"{best.name} is kept: {best.throughput.ratio:.2f} times the reference."
        else:
            said = f"Refused: {'; '.join(own[0].reasons) or 'none of its variants passed'}."
        yield SmallerNetwork(
            name=name,
            size_mb=f"{own[0].size_mb:.1f}",
            accuracy=share(own[0].accuracy),
            images_per_s=f"{own[0].throughput.by_session_per_core:,.0f}",
            said=said,
        )


def _machine(found: Optimized) -> Iterator[tuple[str, str]]:
    parts = found.machine
    yield "processor", f"{parts['cpu']}, {parts['cores']} cores"
    if "system" in parts:
        yield "system", str(parts["system"])
    yield "latency", f"calls on {found.rows[0].single.threads} core"
    if found.versions:
        yield "with", ", ".join(f"{name} {version}" for name, version in found.versions.items())
