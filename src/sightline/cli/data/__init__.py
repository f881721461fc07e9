"""`sightline data`: what is to be known of a data set before it is learnt from, one file a command."""

import typer

from sightline.cli.data.check import check
from sightline.cli.data.diff import diff
from sightline.cli.data.labels import labels
from sightline.cli.data.shard import shard
from sightline.cli.data.split import split

app = typer.Typer(
    help="Check, divide, compare, correct and pack a set of labelled images before it is learnt from.",
    no_args_is_help=True,
)
for _command in (check, split, diff, labels, shard):
    app.command()(_command)

__all__ = ["app"]
