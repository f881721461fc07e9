"""`sightline regress add`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sightline.lifecycle.regression import State

Set = Annotated[Path, typer.Argument(metavar="SET", help="The folder of the set.", show_default=False)]


def add(
    folder: Set,
    images: Annotated[list[Path], typer.Argument(help="Pictures of the same answer.", show_default=False)],
    label: Annotated[
        list[str] | None,
        typer.Option(help="What is true of them; repeat it where several are, leave it out where none is."),
    ] = None,
    note: Annotated[str, typer.Option(help="Why they are here.")] = "",
    bundle: Annotated[
        Path | None, typer.Option(help="Keep what this bundle answers; wrong answers are then `open`.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(
            help="must: is to be right. open: a known failure. fixed: was one. Default: open where --bundle has it "
            "wrong, else must."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the cases as JSON.")] = False,
) -> None:
    """Put pictures with their right answer into a set, made if it is not there; pictures are copied."""
    from sightline.extras import require

    require("pyarrow")
    from sightline.inference import load
    from sightline.lifecycle.regression import add_images

    predictor = None if bundle is None else load(bundle)
    added = add_images(folder, images, label or [], state=_state(state), note=note, predictor=predictor)
    if as_json:
        cases = [case.model_dump(mode="json") for case in added.cases]
        typer.echo(json.dumps({"added": cases, "already": [str(path) for path in added.already]}))
        return
    from sightline.cli.plain import printable

    for case in added.cases:
        said = f", answered {', '.join(case.answered) or 'none'}" if case.answered_by else ""
        typer.echo(
            printable(f"added {case.sha256[:12]} as {', '.join(case.labels) or 'none'} ({case.state}){said}")
        )
    for path in added.already:
        typer.echo(printable(f"{path} is in the set already, with the same answer."))


def _state(name: str | None) -> "State | None":
    from sightline.errors import InputError
    from sightline.lifecycle.regression.case import STATES

    if name is None:
        return None
    if name not in STATES:
        raise InputError(f"--state is '{name}'; it may be {', '.join(STATES)}.")
    return name
