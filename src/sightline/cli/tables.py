"""How tables look in a terminal."""

from rich import box
from rich.console import Console
from rich.table import Table


def console() -> Console:
    """Return a console for standard output; without a terminal it is wide, so that no line is cut."""
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=200)


def new_table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return a table with the given columns; those in `right` hold numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table
