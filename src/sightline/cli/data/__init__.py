"""`sightline data`: what is to be known of a data set before it is learnt from, one file a command."""

import typer

from sightline.cli.data.labels import labels

app = typer.Typer(help="Look at a folder of labelled images before it is learnt from.", no_args_is_help=True)
app.command()(labels)

__all__ = ["app"]
