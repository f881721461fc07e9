"""`sightline regress list`."""

import json
from typing import Annotated

import typer

from sightline.cli.regress.add import Set


def list_cases(
    folder: Set,
    as_json: Annotated[bool, typer.Option("--json", help="Print the cases as JSON.")] = False,
) -> None:
    """List the cases of a set; every picture is proved to be the one that was added."""
    from sightline.extras import require

    require("pyarrow")
    from sightline.lifecycle.regression import read_picture, read_set
    from sightline.records import ImageLimits

    cases = read_set(folder)
    for case in cases:
        read_picture(folder, case, ImageLimits())
    if as_json:
        typer.echo(json.dumps([case.model_dump(mode="json") for case in cases]))
        return
    from sightline.cli.tables import cell, console, new_table

    table = new_table("picture", "right answer", "state", "answered when added", "added", "note")
    for case in cases:
        answered = (", ".join(case.answered) or "none") if case.answered_by else "–"
        table.add_row(
            case.sha256[:12],
            cell(", ".join(case.labels) or "none"),
            case.state,
            cell(answered),
            case.added_at[:10],
            cell(case.note),
        )
    console().print(table)
    typer.echo(f"{len(cases)} cases.")
