"""`sightline keys show`."""

from pathlib import Path
from typing import Annotated

import typer


def show(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Public keys, or folders of them.", show_default=False),
    ],
) -> None:
    """Print the id and the name of each public key, a line each."""
    from sightline.bundle import read_public_keys
    from sightline.cli.plain import printable

    for key in read_public_keys(files):
        typer.echo(f"{key.id}  {printable(key.name)}")
