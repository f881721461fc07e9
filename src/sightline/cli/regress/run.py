"""`sightline regress run`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.regress.add import Set

if TYPE_CHECKING:
    from sightline.lifecycle.regression import CaseResult, RegressionResult


def run(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    folder: Set,
    gate: Annotated[
        bool,
        typer.Option("--gate", help="Exit with 1 if a picture is wrong that was fixed or must be right."),
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Mark open failures that are right now as fixed.")
    ] = False,
    variant: Annotated[
        str | None, typer.Option(help="Of the bundle. Default: the bundle's own.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every answer as JSON.")] = False,
) -> None:
    """Ask a bundle about every picture of a set, as in production."""
    from sightline.cli.progress import Display
    from sightline.errors import InputError
    from sightline.extras import require

    require("pyarrow")
    from sightline.inference import load
    from sightline.lifecycle.regression import mark_fixed, read_set, run_set

    cases = read_set(folder)
    if gate and not cases:
        raise InputError(
            f"'{folder}' holds no case, so a gate on it would say nothing. Add pictures with `sightline regress add`."
        )
    with Display(quiet=as_json) as display:
        predictor = load(bundle, variant=variant)
        display.stage("Asking the bundle")
        result = run_set(predictor, folder, display.progress)
    if update:
        mark_fixed(folder, result)
    if as_json:
        typer.echo(result.model_dump_json())
    else:
        _print(result, updated=update)
    if gate and result.returned:
        named = ", ".join(one.case.file for one in result.returned)
        typer.echo(
            f"The gate is not kept: {len(result.returned)} wrong that must be right: {named}", err=True
        )
        raise typer.Exit(1)


def _print(result: "RegressionResult", *, updated: bool) -> None:
    from sightline.cli.tables import cell, console, new_table

    out = console()
    table = new_table("", "picture", "right answer", "answer", "probability", "note", right=("probability",))
    for one in (*result.returned, *result.mended, *result.still_open):
        table.add_row(
            _word(one),
            one.case.sha256[:12],
            cell(", ".join(one.case.labels) or "none"),
            cell((", ".join(one.answer) or "none") if one.verdict is not None else one.reason),
            "–" if one.probability is None else f"{one.probability:.3f}",
            cell(one.case.note),
        )
    if table.row_count:
        out.print(table)
    right = sum(one.right for one in result.cases)
    out.print(
        f"{right} of {len(result.cases)} right; {len(result.returned)} wrong that must be right, "
        f"{len(result.mended)} open ones mended, {len(result.still_open)} still open."
    )
    if result.mended and not updated:
        out.print("Mark the mended ones as fixed with --update: they must then stay right.")


def _word(one: "CaseResult") -> str:
    if one.returned:
        return "[bold red]wrong[/]" if one.case.state == "must" else "[bold red]wrong again[/]"
    return "[green]mended[/]" if one.right else "[yellow]open[/]"
