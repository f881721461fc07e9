"""The check of a data set, printed for people."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from sightline.cli.tables import cell, console, new_table

if TYPE_CHECKING:
    from sightline.quality import CheckReport, Finding, Issue

_MOST_CLASSES = 20
_MOST_EXAMPLES = 2
_COLOURS = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_NO_SPLIT = "none"


def print_report(report: "CheckReport") -> None:
    """Print the verdict, the classes, and a line with the first examples for each kind of issue."""
    from sightline.quality import verdict

    out = console()
    said = verdict(report)
    colour = "bold green" if said.severity is None else _COLOURS[said.severity]
    out.print(f"[{colour}]{said.headline}[/] {cell(said.sentence)}")
    out.print(_classes(report))
    hidden = len(report.classes) - _MOST_CLASSES
    if hidden > 0:
        out.print(f"… and {hidden:,} classes in between.")
    for issue in report.issues:
        _print_issue(out, issue)
    for note in report.notes:
        out.print(f"[yellow]note:[/] {cell(note)}")


def _classes(report: "CheckReport") -> Table:
    """The largest and the smallest; what lies between them is left out."""
    splits = tuple(name for name in report.splits if name != _NO_SPLIT)
    table = new_table("class", "images", "independent", *splits, right=("images", "independent", *splits))
    ordered = sorted(report.classes, key=lambda one: -one.images)
    if len(ordered) > _MOST_CLASSES:
        half = _MOST_CLASSES // 2
        ordered = ordered[:half] + ordered[-half:]
    for one in ordered:
        parts = (f"{one.splits.get(split, 0):,}" for split in splits)
        table.add_row(cell(one.name), f"{one.images:,}", f"{one.units:,}", *parts)
    return table


def _print_issue(out: Console, issue: "Issue") -> None:
    colour = _COLOURS[issue.severity]
    head = Table.grid(padding=(0, 1))
    head.add_column(width=7, no_wrap=True)
    head.add_column(overflow="fold")
    head.add_row(
        f"[{colour}]{issue.severity}[/]", f"[bold]{issue.kind}[/] {issue.count:,}: {cell(issue.summary)}"
    )
    for finding in issue.findings[:_MOST_EXAMPLES]:
        head.add_row("", f"[dim]{_example(finding, issue.kind)}[/]")
    head.add_row("", f"→ {cell(issue.advice)}")
    out.print(head)


def _example(finding: "Finding", kind: str) -> str:
    # The reason in one word; the whole sentence is in the page and the list.
    detail = finding.detail.partition(":")[0] if kind == "corrupt" else finding.detail
    subject = finding.path or ", ".join(finding.labels)
    twin = f" ~ {cell(finding.related)}" if finding.related is not None else ""
    return f"{cell(subject)}{twin}  ({cell(detail)})"
