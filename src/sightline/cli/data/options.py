"""Options that the commands on data have in common."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sightline.dataset import ReadOptions

Data = Annotated[
    str,
    typer.Argument(
        help="A folder of labelled images, a list (.csv, .jsonl, .txt), a table (.parquet), shards (.tar), or an "
        "address such as s3://bucket/tiles.",
        show_default=False,
    ),
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        metavar="RULE",
        help="What shows the same thing: a regular expression on the path with a group in parentheses, "
        "column:NAME, or folder:N.",
    ),
]
GroupGap = Annotated[
    int | None,
    typer.Option(min=0, help="With --group-by a number: numbers at most this far apart belong together."),
]
Corrections = Annotated[
    Path | None, typer.Option(help="A table of labels set right, from `sightline data labels`.")
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Open every picture anew, and remember nothing for the next time.")
]


def read_options(
    group_by: str | None, group_gap: int | None, corrections: Path | None, no_cache: bool
) -> "ReadOptions":
    """What the options say, as a record."""
    from sightline.dataset import ReadOptions

    return ReadOptions(group_by=group_by, group_gap=group_gap, corrections=corrections, remember=not no_cache)
