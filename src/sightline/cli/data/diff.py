"""`sightline data diff`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.data.options import Data

if TYPE_CHECKING:
    from sightline.dataset import DifferenceRecord

_EXAMPLES = 3
_SAID = {
    "added": "in B only",
    "removed": "in A only",
    "moved": "the same content under another path",
    "changed": "the same path with other content",
    "relabelled": "other labels",
    "regrouped": "another group",
    "resplit": "another split or fold",
}


def diff(
    a: Data,
    b: Data,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if the two differ, with 0 if not.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the difference as JSON.")] = False,
) -> None:
    """Say what changed from A to B: pictures, labels, groups, splits, and what the pictures are like.

    Each is a table that `sightline data split` wrote, or anything else that can be checked.
    """
    from sightline.cli.progress import Display
    from sightline.extras import require

    require("pyarrow")
    from sightline.cli.data.options import read_options
    from sightline.dataset import diff_datasets, examine_dataset, read_table
    from sightline.dataset.reading.read import is_table

    options = read_options(None, None, None, no_cache=False)
    with Display(quiet=as_json) as display:
        sets = []
        for location in (a, b):
            display.stage(f"Reading {location}")
            sets.append(
                read_table(Path(location))
                if is_table(location)
                else examine_dataset(location, options, display.listen).dataset
            )
        record = diff_datasets(*sets).record()
    if as_json:
        typer.echo(record.model_dump_json())
    else:
        _print(record)
    if exit_code and not record.is_same:
        raise typer.Exit(1)


def _print(record: "DifferenceRecord") -> None:
    from sightline.cli.tables import cell, console, new_table

    out = console()
    if record.is_same:
        out.print(f"The two are the same: {record.rows_a:,} pictures, {record.digest_a[:12]}…")
        return
    out.print(
        f"A: {record.rows_a:,} pictures ({record.digest_a[:12]}…)   "
        f"B: {record.rows_b:,} pictures ({record.digest_b[:12]}…)"
    )
    table = new_table("change", "pictures", "", right=("pictures",))
    for name, count in record.counts.items():
        if count:
            shown = "; ".join(_shown(row) for row in record.examples[name][:_EXAMPLES])
            table.add_row(f"[bold]{name}[/]", f"{count:,}", cell(f"{_SAID[name]}: {shown}"))
    out.print(table)
    for what, shift in (("classes", record.classes), ("splits", record.splits)):
        if shift.distance:
            changes = ", ".join(f"{one.name} {one.count_a:,} → {one.count_b:,}" for one in shift.largest)
            out.print(
                f"Distribution of {what} shifted by {shift.distance:.3f} (total variation): {cell(changes)}"
            )
    for value in record.values:
        if value.statistic >= 0.1:
            out.print(
                f"{value.column} shifted: median {value.median_a:.3g} → {value.median_b:.3g} "
                f"(Kolmogorov–Smirnov {value.statistic:.3f})"
            )


def _shown(row: dict[str, str | list[str] | None]) -> str:
    """A row of a change in words: the path, and what was before and after."""
    path = row.get("path") or f"{row.get('path_a')} → {row.get('path_b')}"
    before = [_text(value) for name, value in row.items() if name.endswith("_a") and name != "path_a"]
    after = [_text(value) for name, value in row.items() if name.endswith("_b") and name != "path_b"]
    changed = ", ".join(f"{x} → {y}" for x, y in zip(before, after, strict=True) if x != y)
    return f"{path} ({changed})" if changed else str(path)


def _text(value: str | list[str] | None) -> str:
    if isinstance(value, list):
        return "|".join(value)
    return "none" if value is None else value[:12]
