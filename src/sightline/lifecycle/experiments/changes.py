"""A recipe with some of its keys changed, and the digest that tells recipes apart."""

import hashlib
import json
from collections.abc import Mapping

from pydantic import JsonValue

import sightline
from sightline.training import Recipe, recipe_for

Changes = Mapping[str, JsonValue]

# Where the data lie is told by the digest of the data; the others change nothing of what is learnt.
_NO_PART: dict[str, set[str] | bool] = {
    "data": {"train_dir", "val_dir", "test_dir", "num_workers", "cache"},
    "tracking": True,
}


def changed_recipe(recipe: Recipe, changes: Changes) -> Recipe:
    """The recipe with values set by key, such as `{"training.epochs": 5}`.

    Raises:
        RecipeError: the changed recipe has mistakes; all of them are listed.
    """
    written = recipe.model_dump(mode="json")
    sections = [f"{key}={_text(value)}" for key, value in written.items()]
    overrides = [f"{key}={_text(value)}" for key, value in changes.items()]
    return recipe_for(recipe.data.train_dir or "", [*sections, *overrides])


def told_apart_by(recipe: Recipe) -> dict[str, JsonValue]:
    """The recipe as JSON values, without the keys that change nothing of what is learnt."""
    written: dict[str, JsonValue] = recipe.model_dump(mode="json", exclude=_NO_PART)
    return written


def experiment_digest(recipe: Recipe, data_digest: str, *parts: str) -> str:
    """What an experiment is known by, 64 hexadecimal digits: recipe with its seed, data, and Sightline's version.

    Keys that change nothing of what is learnt play no part; `parts` tell apart what else there is to tell apart.
    """
    written = json.dumps(told_apart_by(recipe), sort_keys=True)
    told = "\n".join((sightline.__version__, data_digest, *parts, written))
    return hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()


def _text(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
