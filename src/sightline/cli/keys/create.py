"""`sightline keys create`."""

from pathlib import Path
from typing import Annotated

import typer


def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, as in `builder`.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The folder for NAME.key and NAME.pub.")] = Path(),
    no_password: Annotated[
        bool,
        typer.Option("--no-password", help="Leave the private key open, for a store that keeps secrets."),
    ] = False,
) -> None:
    """Make an Ed25519 key pair. The password comes from SIGHTLINE_KEY_PASSWORD, or is asked for."""
    from sightline.bundle import create_keys
    from sightline.cli.keys.password import ask_password
    from sightline.cli.plain import printable

    key = create_keys(out, name, None if no_password else ask_password(new=True))
    typer.echo(printable(f"{out / name}.key  private: keep it from everybody else"))
    typer.echo(printable(f"{out / name}.pub  public, id {key.id}: for --trust"))
