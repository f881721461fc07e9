"""The command line, one file a command."""

from sightline.cli.main import main

__all__ = ["main"]
