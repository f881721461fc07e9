"""`sightline tune`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.recipe_source import Epochs, Metric, Overrides, Source, default_folder, recipe_from

if TYPE_CHECKING:
    from sightline.lifecycle.experiments.tuning.result import Tuning

_SHOWN = 10


def tune(
    source: Source,
    overrides: Overrides = None,
    trials: Annotated[int, typer.Option(min=1, help="Of the whole study, those of before included.")] = 20,
    timeout_minutes: Annotated[
        float | None, typer.Option(min=0, help="No trial begins after this; the last one comes to its end.")
    ] = None,
    epochs: Epochs = None,
    metric: Metric = None,
    space: Annotated[
        Path | None,
        typer.Option(help="What to search, in YAML. Default: rates, regularisation, augmentation."),
    ] = None,
    study: Annotated[
        Path | None,
        typer.Option(help="SQLite file of the trials. Default: study.db in the folder of the results."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the results. Default: NAME-tuning here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Search for values of the recipe that are good on these images.

    The recipe as it is comes first; then Optuna proposes, and gives up after an epoch what is worse than half of the
    others. Judged on val; test is not touched. The same command goes on where it stopped. Needs the extra `tune`.
    """
    from sightline.cli.trial_display import TrialDisplay
    from sightline.extras import require

    for package in ("torch", "timm", "optuna"):
        require(package)
    from sightline.lifecycle.experiments.strategy import augmenting_recipe
    from sightline.lifecycle.experiments.tuning.run import BEST
    from sightline.lifecycle.experiments.tuning.run import tune as run_tuning
    from sightline.lifecycle.experiments.tuning.space import default_space
    from sightline.lifecycle.experiments.tuning.space_file import read_space
    from sightline.lifecycle.prepare import prepare_data
    from sightline.training import check_network

    recipe, strategy_notes = augmenting_recipe(recipe_from(source, overrides, epochs, metric))
    searched = default_space(recipe) if space is None else read_space(space, recipe)
    folder = out or default_folder(source, "tuning")
    with TrialDisplay(quiet=as_json) as display:
        check_network(recipe)
        data = prepare_data(recipe, display.listen)
        for note in (*strategy_notes, *data.notes):
            display.note(note)
        display.epochs = recipe.training.epochs
        found = run_tuning(
            recipe,
            data,
            searched,
            folder,
            study_file=study or folder / "study.db",
            trials=trials,
            timeout_s=None if timeout_minutes is None else timeout_minutes * 60,
            listener=display,
            training_progress=display,
        )
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        _print(found, folder / BEST)


def _print(found: "Tuning", best: Path) -> None:
    from sightline.cli.tables import cell, console, new_table
    from sightline.lifecycle.experiments.tuning.result import best_first
    from sightline.lifecycle.experiments.tuning.run import described

    out = console()
    whole = best_first(found.trials, found.larger_is_better)
    given_up = sum(trial.state == "pruned" for trial in found.trials)
    failed = sum(trial.state == "failed" for trial in found.trials)
    out.print(
        f"{len(found.trials)} trials: {len(whole)} complete, {given_up} given up early, {failed} failed."
    )
    table = new_table("trial", found.metric, "values", right=("trial", found.metric))
    for trial in whole[:_SHOWN]:
        mark = "the recipe as it is: " if trial.is_recipe else ""
        table.add_row(f"{trial.number}", f"{trial.value:.4f}", cell(mark + described(trial.changes)))
    out.print(table)
    if found.importances:
        shares = ", ".join(f"{key} {share:.0%}" for key, share in found.importances.items())
        out.print(f"What made the difference: {cell(shares)}", soft_wrap=True)
    for note in found.notes:
        out.print(f"- {cell(note)}", soft_wrap=True)
    out.print(f"Best recipe: {best}\nNext:        sightline train {best}", markup=False, soft_wrap=True)
