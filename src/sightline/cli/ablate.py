"""`sightline ablate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.recipe_source import Epochs, Metric, Overrides, Source, default_folder, recipe_from

if TYPE_CHECKING:
    from sightline.lifecycle.experiments.ablation.result import Ablation


def ablate(
    source: Source,
    overrides: Overrides = None,
    seeds: Annotated[int, typer.Option(min=2, help="Trainings of each list, with as many seeds.")] = 3,
    epochs: Epochs = None,
    metric: Metric = None,
    add: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Steps to try beside those of the recipe.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the results. Default: NAME-ablation here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure what each step of the augmentation is worth on these images.

    Trains the full list, each step left out, nothing at all, and each added step, with the same seeds, and compares
    them on val; test is not touched. What was interrupted goes on where it stopped.
    """
    from sightline.cli.trial_display import TrialDisplay
    from sightline.extras import require

    for package in ("torch", "timm"):
        require(package)
    from sightline.lifecycle.experiments.ablation.added import read_steps
    from sightline.lifecycle.experiments.ablation.run import TABLE
    from sightline.lifecycle.experiments.ablation.run import ablate as run_ablation
    from sightline.lifecycle.experiments.ablation.variants import variants
    from sightline.lifecycle.experiments.strategy import augmenting_recipe
    from sightline.lifecycle.prepare import prepare_data
    from sightline.training import check_network

    recipe, strategy_notes = augmenting_recipe(recipe_from(source, overrides, epochs, metric))
    added = read_steps(add) if add is not None else ()
    variants(recipe, added)
    folder = out or default_folder(source, "ablation")
    with TrialDisplay(quiet=as_json) as display:
        check_network(recipe)
        data = prepare_data(recipe, display.listen)
        for note in (*strategy_notes, *data.notes):
            display.note(note)
        display.epochs = recipe.training.epochs
        found = run_ablation(
            recipe, data, folder, added=added, seeds=seeds, listener=display, training_progress=display
        )
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        _print(found, folder / TABLE)


def _print(found: "Ablation", written: Path) -> None:
    from sightline.cli.tables import cell, console, new_table
    from sightline.lifecycle.experiments.ablation.table import HEADER, row_cells, title

    out = console()
    out.print(title(found))
    table = new_table(*HEADER, right=HEADER[1:4])
    for row in found.rows:
        table.add_row(*map(cell, row_cells(row)))
    out.print(table)
    for note in found.notes:
        out.print(f"- {cell(note)}", soft_wrap=True)
    out.print(f"Table: {written}", markup=False, soft_wrap=True)
