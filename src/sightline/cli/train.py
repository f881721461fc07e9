"""`sightline train`."""

import json
from pathlib import Path
from typing import Annotated

import typer


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
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train, export, calibrate and evaluate a classifier, and seal it into a bundle.

    With images, every key of the recipe has its default; `data.train_dir` is what is named. The data are checked
    and split without leaks if they have no split; the report lies beside the bundle, in NAME-data. Ctrl-C leaves
    nothing half-written.
    """
    from sightline.cli.progress import Display
    from sightline.errors import InputError
    from sightline.extras import require

    for package in ("torch", "timm", "onnx"):
        require(package)
    from sightline.lifecycle.build import build_bundle
    from sightline.training import read_recipe, recipe_for

    path = Path(source)
    if "://" not in source and not path.exists():
        raise InputError(f"There is neither a recipe nor a folder at '{source}'.")
    is_recipe = path.suffix.lower() in (".yaml", ".yml") and path.is_file()
    recipe = read_recipe(path, overrides or []) if is_recipe else recipe_for(source, overrides or [])
    target = out or Path(f"{path.resolve().stem}-bundle")
    with Display(quiet=as_json) as display:
        display.epochs = recipe.training.epochs
        built = build_bundle(recipe, target, listener=display, training_progress=display)
    if as_json:
        figures = {split: one.model_dump(mode="json") for split, one in built.evaluations.items()}
        typer.echo(
            json.dumps(
                {
                    "bundle": str(target),
                    "id": built.id,
                    "data_report": str(built.data_report),
                    "notes": built.notes,
                    "quarantined": built.data_check.set_aside,
                    "seconds": dict(built.seconds),
                    **figures,
                }
            )
        )
        return
    from sightline.cli.figures import print_evaluation
    from sightline.cli.tables import console

    split, evaluation = list(built.evaluations.items())[-1]
    print_evaluation(evaluation, split)
    console().print(
        f"Bundle: {target} ({built.id[:12]}…), {sum(built.seconds.values()):.0f} s in all.\n"
        f"Data:   {built.data_report / 'report.html'}\n"
        f"Next:   sightline verify {target}\n        sightline serve {target}",
        markup=False,
    )
