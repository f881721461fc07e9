"""`sightline train`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sightline.lifecycle.build import Built


def train(
    source: Annotated[
        str,
        typer.Argument(
            help="A recipe (.yaml), or images: a folder, list, table or address.", show_default=False
        ),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="Recipe keys to set, as in training.epochs=5.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the bundle goes. Default: NAME-bundle here.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the run that was stopped; begin one if there is none."),
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace an earlier run of the same name.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train, export, calibrate and evaluate a classifier, and seal it into a bundle.

    With images, every key of the recipe has its default; `data.train_dir` is what is named. The data are checked
    and split without leaks if they have no split. Beside the bundle, NAME-run keeps the record of the run: recipe,
    plan, figures of each epoch, curves, log, and the report on the data. A run that is stopped or killed is gone on
    with by --resume, and ends with the same weights. `torchrun --nproc-per-node N -m sightline train …` trains with
    several processes.
    """
    from sightline.cli.progress import Display
    from sightline.errors import InputError
    from sightline.extras import require

    for package in ("torch", "timm", "onnx"):
        require(package)
    from sightline.cli.recipe_source import recipe_from
    from sightline.lifecycle.build import Built, assist_build, build_bundle
    from sightline.lifecycle.restart import Restart
    from sightline.training import join_team

    if resume and fresh:
        raise InputError("--resume goes on with a run and --fresh replaces it: give one of them.")
    recipe = recipe_from(source, overrides)
    target = out or Path(f"{Path(source).resolve().stem}-bundle")
    restart = Restart(resume=resume, fresh=fresh)
    built: Built | None = None
    with join_team() as team:
        if not team.speaks:
            assist_build(recipe, target, restart, team)
            return
        with Display(quiet=as_json) as display:
            display.epochs = recipe.training.epochs
            built = build_bundle(
                recipe, target, listener=display, training_progress=display, restart=restart, team=team
            )
    if as_json:
        _print_json(built, target)
    else:
        _print(built)


def _print_json(built: "Built", target: Path) -> None:
    figures = {split: one.model_dump(mode="json") for split, one in built.evaluations.items()}
    baselines = {name: one.model_dump(mode="json") for name, one in built.baselines.items()}
    result = {
        "bundle": str(target),
        "id": built.id,
        "run": str(built.run),
        "data_report": str(built.data_report),
        "plan": dict(built.plan),
        "notes": built.notes,
        "quarantined": built.data_check.set_aside,
        "seconds": dict(built.seconds),
        "baselines": baselines,
        "outliers": built.outliers.model_dump(mode="json"),
        "decision_report": built.decision.model_dump(mode="json"),
        **figures,
    }
    typer.echo(json.dumps(result))


def _print(built: "Built") -> None:
    from sightline.cli.decision import print_decision
    from sightline.cli.figures import print_baselines, print_evaluation, print_outliers
    from sightline.cli.tables import console

    split, evaluation = list(built.evaluations.items())[-1]
    print_evaluation(evaluation, split)
    print_baselines(evaluation, built.baselines)
    print_outliers(built.outliers)
    print_decision(built.rule, built.decision, evaluation.labels)
    console().print(
        f"Bundle: {built.path} ({built.id[:12]}…), {sum(built.seconds.values()):.0f} s in all.\n"
        f"Run:    {built.run}\n"
        f"Data:   {built.data_report}\n"
        f"Next:   sightline verify {built.path}\n        sightline serve {built.path}",
        markup=False,
    )
