"""A recipe in YAML: read with all its mistakes reported at once, and written back."""

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sightline.errors import RecipeError
from sightline.training.recipe.mistakes import Mistake, mistakes_of
from sightline.training.recipe.recipe import Recipe
from sightline.training.recipe.yaml_text import parse_yaml


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a YAML file, with `key.path=value` overrides applied in their order.

    Values of overrides are read as YAML. Folders and files that a recipe names are taken from the current
    working directory, not from the recipe's own folder.

    Raises:
        RecipeError: the file cannot be read, or it has mistakes; all of them are listed.
    """
    try:
        raw = parse_yaml(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError) as err:
        raise RecipeError(f"The recipe '{path}' cannot be read: {err}") from err
    if not isinstance(raw, dict):
        raise RecipeError(
            f"The recipe '{path}' must be a mapping of sections such as 'model' and 'training'."
        )
    return _recipe(raw, overrides, f"The recipe '{path}'")


def recipe_for(data: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """The default recipe for a source of images, with overrides applied.

    Raises:
        RecipeError: the overrides have mistakes; all of them are listed.
    """
    return _recipe({"data": {"train_dir": str(data)}}, overrides, "The recipe")


def to_yaml(recipe: Recipe) -> str:
    """The recipe as YAML with every key written out; reading it back gives an equal recipe."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _recipe(raw: dict[str, Any], overrides: Sequence[str], subject: str) -> Recipe:
    found = list(_apply(raw, overrides))
    recipe: Recipe | None = None
    try:
        recipe = Recipe.model_validate(raw)
    except ValidationError as err:
        found += mistakes_of(err, Recipe)
        recipe = _without(raw, err, found)
    # Arguments of transforms can only be judged by torchvision, which reading a recipe does not need.
    if recipe is not None and recipe.augmentation and importlib.util.find_spec("torchvision") is not None:
        from sightline.training.pictures.transforms import argument_mistakes

        found += argument_mistakes(recipe)
    if found or recipe is None:
        count = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
        raise RecipeError("\n".join([f"{subject} has {count}:", *(f"  {one}" for one in found)]))
    return recipe


def _without(raw: dict[str, Any], err: ValidationError, found: list[Mistake]) -> Recipe | None:
    """What is left when the wrong values are taken out: it shows the contradictions among the others."""
    for error in err.errors():
        _remove(raw, error["loc"])
    try:
        return Recipe.model_validate(raw)
    except ValidationError as second:
        # Contradictions have all been found together; taking one side out leaves the other alone, no new mistake.
        if all(error["type"] != "contradiction" for error in err.errors()):
            found += [one for one in mistakes_of(second, Recipe) if one not in found]
        return None


def _remove(raw: dict[str, Any], key: Sequence[int | str]) -> None:
    inside = raw.get(str(key[0]))
    if len(key) > 1 and isinstance(inside, dict):
        _remove(inside, key[1:])
    else:
        raw.pop(str(key[0]), None)


def _apply(raw: dict[str, Any], overrides: Sequence[str]) -> Iterator[Mistake]:
    for override in overrides:
        key, equals, text = override.partition("=")
        path = key.strip().split(".")
        if not equals or not all(path):
            yield Mistake(override, None, "an override is written key=value, such as training.epochs=5")
            continue
        try:
            value = parse_yaml(text)
        except yaml.YAMLError:
            yield Mistake(key, text, "is not valid YAML")
            continue
        section = raw
        for part in path[:-1]:
            inside = section.get(part)
            section[part] = section = dict(inside) if isinstance(inside, Mapping) else {}
        section[path[-1]] = value
