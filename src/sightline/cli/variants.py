"""The table of an optimisation, printed for people."""

from typing import TYPE_CHECKING

from sightline.cli.tables import cell, console, new_table

if TYPE_CHECKING:
    from rich.table import Table

    from sightline.lifecycle.optimizing import Optimized, Row

_MARKS = {"reference": "[cyan]reference[/]", "kept": "[green]kept[/]", "refused": "[red]refused[/]"}


def print_variants(found: "Optimized") -> None:
    """Print one line a variant, then why those that were refused were, and what serves."""
    out = console()
    out.print(_speeds(found))
    out.print(_agreements(found))
    for row in found.rows:
        if row.reasons:
            out.print(
                f"[red]{cell(row.name)}[/] refused: {cell('; '.join(row.reasons))}. {cell(row.departure)}"
            )
    machine = found.machine
    out.print(f"Measured on {cell(machine['cpu'])}, {machine['cores']} cores.")
    if found.chosen is None:
        out.print(f"[bold red]Nothing keeps the limits.[/] {cell(found.missed)}.")
        return
    (chosen,) = (row for row in found.rows if row.name == found.chosen)
    out.print(
        f"[bold]{cell(chosen.name)}[/] serves: {chosen.throughput.by_session_per_core:.0f} images/s, "
        f"{chosen.throughput.ratio:.2f} times the reference."
    )
    if found.bundle is not None:
        out.print(f"Bundle: {cell(found.bundle)} ({(found.bundle_id or '')[:12]}…)")


def _speeds(found: "Optimized") -> "Table":
    batches = [one.batch_size for one in found.rows[0].speeds]
    latencies = tuple(f"p50/p95 ms, {size}" for size in batches)
    right = (*latencies, "images/s", "× reference", "one session", "MB", "MiB", "start s")
    table = new_table("variant", *right, "", right=right)
    for row in found.rows:
        table.add_row(
            ("★ " if row.on_front else "  ") + cell(row.name),
            *(f"{one.p50_ms:.1f}/{one.p95_ms:.1f}" for one in row.speeds),
            f"{row.throughput.by_session_per_core:.0f}",
            f"{row.throughput.ratio:.2f}",
            f"{row.throughput.by_all_cores:.0f}",
            f"{row.size_mb:.1f}",
            "" if row.footprint.memory_mib is None else f"{row.footprint.memory_mib:.0f}",
            f"{row.footprint.start_s:.1f}",
            _MARKS[row.role],
        )
    table.title = (
        "★ on the Pareto front of speed, accuracy, size. images/s: a session a core; one session: on all."
    )
    table.title_justify = "left"
    return table


def _agreements(found: "Optimized") -> "Table":
    right = ("accuracy", "drop [95 %]", "test [95 %]", "same answer", "max |Δp|", "calibration error")
    table = new_table("variant", *right, "worst class", "graph", right=right)
    for row in found.rows:
        table.add_row(cell(row.name), *_agreement(row), cell(row.how))
    table.title = f"Judged on {found.images} pictures of {found.split}; test played no part in any choice."
    table.title_justify = "left"
    return table


def _agreement(row: "Row") -> tuple[str, ...]:
    test = "" if row.test is None else f"{row.test.value:.4f} [{row.test.low:.3f}, {row.test.high:.3f}]"
    gate = row.gate
    if gate is None:
        return f"{row.accuracy:.4f}", "", test, "", "", "", ""
    worst = ""
    if gate.worst_class is not None and gate.worst_recall_change:
        worst = f"{cell(gate.worst_class)} {gate.worst_recall_change:+.3f}"
    return (
        f"{gate.accuracy:.4f}",
        f"{gate.drop.value:+.4f} [{gate.drop.low:+.3f}, {gate.drop.high:+.3f}]",
        test,
        f"{gate.label_agreement:.4f}",
        f"{gate.max_probability_difference:.3f}",
        f"{gate.calibration_error:.4f}",
        worst,
    )
