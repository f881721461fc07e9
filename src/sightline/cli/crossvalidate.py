"""`sightline crossvalidate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.recipe_source import Epochs, Metric, Overrides, Source, default_folder, recipe_from

if TYPE_CHECKING:
    from sightline.lifecycle.experiments.crossvalidation.result import CrossValidation


def crossvalidate(
    source: Source,
    overrides: Overrides = None,
    folds: Annotated[
        int | None, typer.Option(min=2, help="How many. Default: those that the images came with, or 5.")
    ] = None,
    epochs: Epochs = None,
    metric: Metric = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder of the results. Default: NAME-crossvalidation here."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train once for each fold, and measure on pictures that played no part in that training.

    Groups and near copies are never parted. The best epoch is picked on a part of the other folds; a test split
    of the images is left out. What was interrupted goes on where it stopped.
    """
    from sightline.cli.trial_display import TrialDisplay
    from sightline.extras import require

    for package in ("torch", "timm"):
        require(package)
    from sightline.lifecycle.experiments.crossvalidation.plan import plan_folds
    from sightline.lifecycle.experiments.crossvalidation.run import PREDICTIONS, cross_validate
    from sightline.training import check_network

    recipe = recipe_from(source, overrides, epochs, metric)
    folder = out or default_folder(source, "crossvalidation")
    with TrialDisplay(quiet=as_json) as display:
        check_network(recipe)
        planned = plan_folds(recipe, folds, display.listen)
        for note in planned.notes:
            display.note(note)
        display.epochs = recipe.training.epochs
        found = cross_validate(recipe, planned, folder, listener=display, training_progress=display)
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        _print(found, folder / PREDICTIONS)


def _print(found: "CrossValidation", predictions: Path) -> None:
    from sightline.cli.tables import cell, console, new_table

    out = console()
    out.print(f"{len(found.folds)} folds, {found.images:,} pictures, each held out once.")
    table = new_table("metric", "mean", "sd", "95 % interval", right=("mean", "sd", "95 % interval"))
    for one in found.figures:
        table.add_row(one.metric, _number(one.mean), _number(one.sd), _interval(one.low, one.high))
    out.print(table)
    table = new_table(
        "class", "pictures", "recall", "95 % interval", right=("pictures", "recall", "95 % interval")
    )
    for own in sorted(found.classes, key=lambda one: (one.recall is None, one.recall)):
        table.add_row(cell(own.label), f"{own.images:,}", _number(own.recall), _interval(own.low, own.high))
    out.print(table)
    for note in found.notes:
        out.print(f"- {cell(note)}", soft_wrap=True)
    out.print(f"Every answer: {predictions}", markup=False, soft_wrap=True)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4f} to {high:.4f}"
