"""What a command that trains is given: a recipe, or images."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sightline.training import Recipe

Source = Annotated[
    str,
    typer.Argument(help="A recipe (.yaml), or images: a folder, list, table or address.", show_default=False),
]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(help="Recipe keys to set, as in training.epochs=5.", show_default=False),
]
Epochs = Annotated[
    int | None, typer.Option(min=1, help="Of each training: training.epochs=N. Default: the recipe's.")
]
Metric = Annotated[
    str | None,
    typer.Option(help="What is judged, on val: evaluation.best_metric=NAME. Default: the recipe's."),
]


def recipe_from(
    source: str, overrides: Sequence[str] | None, epochs: int | None = None, metric: str | None = None
) -> "Recipe":
    """The recipe that a source and overrides make.

    Raises:
        InputError: there is nothing at the source.
        RecipeError: the recipe has mistakes; all of them are listed.
    """
    from sightline.errors import InputError
    from sightline.training import read_recipe, recipe_for

    path = Path(source)
    is_pattern = "{" in source  # shards, as in train-{000..099}.tar
    if "://" not in source and not is_pattern and not path.exists():
        raise InputError(f"There is neither a recipe nor a folder at '{source}'.")
    every = list(overrides or [])
    every += [f"training.epochs={epochs}"] if epochs is not None else []
    every += [f"evaluation.best_metric={metric}"] if metric is not None else []
    is_recipe = path.suffix.lower() in (".yaml", ".yml") and path.is_file()
    return read_recipe(path, every) if is_recipe else recipe_for(source, every)


def default_folder(source: str, ending: str) -> Path:
    """Where results go: NAME-ending in the current folder."""
    return Path(f"{Path(source).resolve().stem}-{ending}")
