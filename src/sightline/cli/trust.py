"""Whose signatures count: options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Trust = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="KEY.pub",
        help="Verify signatures by this public key, or by those in a folder; may be given several times.",
    ),
]
RequireSignature = Annotated[
    bool, typer.Option("--require-signature", help="Refuse a bundle that no trusted key has signed.")
]
