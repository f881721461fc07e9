"""How tables look in a terminal."""

import os

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sightline.cli.plain import printable


def console() -> Console:
    """Return a console for standard output; without a terminal it is wide, so that no line is cut."""
    plain = Console(highlight=False)
    width_is_known = plain.is_terminal or "COLUMNS" in os.environ
    return plain if width_is_known else Console(highlight=False, width=200)


def cell(text: object) -> str:
    """Text from outside for a cell or a line: no markup, no control characters, no line breaks."""
    return escape(printable(str(text)).replace("\n", "\\n"))


def new_table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return a table with the given columns; those in `right` hold numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table
