"""`sightline keys`: keys to sign bundles with, one file a command."""

import typer

from sightline.cli.keys.create import create
from sightline.cli.keys.show import show

app = typer.Typer(help="Make keys to sign bundles with, and tell them apart.", no_args_is_help=True)
app.command("create")(create)
app.command("show")(show)

__all__ = ["app"]
