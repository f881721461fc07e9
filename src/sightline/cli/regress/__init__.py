"""`sightline regress`: failure cases kept, one file a command."""

import typer

from sightline.cli.regress.add import add
from sightline.cli.regress.list import list_cases
from sightline.cli.regress.run import run

app = typer.Typer(
    help="Keep pictures with their right answers, and try every later bundle on them.", no_args_is_help=True
)
app.command("add")(add)
app.command("list")(list_cases)
app.command("run")(run)

__all__ = ["app"]
