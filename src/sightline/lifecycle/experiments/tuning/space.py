"""What is searched: keys of the recipe, each with a range or a choice of values."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, TypeAdapter

from sightline.records import Frozen
from sightline.training import Recipe
from sightline.training.recipe.presets import PRESETS


class FloatRange(Frozen):
    """Numbers from `low` to `high`; with `log` each power of ten gets the same share of the trials."""

    kind: Literal["float"] = "float"
    low: float
    high: float
    log: bool = False


class IntRange(Frozen):
    """Whole numbers from `low` to `high`, both included."""

    kind: Literal["int"] = "int"
    low: int
    high: int
    log: bool = False


class Choice(Frozen):
    """One of the values, which have no order."""

    kind: Literal["choice"] = "choice"
    values: tuple[JsonValue, ...]


Domain = Annotated[FloatRange | IntRange | Choice, Field(discriminator="kind")]
Space = Mapping[str, FloatRange | IntRange | Choice]

_ADAPTER: TypeAdapter[dict[str, FloatRange | IntRange | Choice]] = TypeAdapter(dict[str, Domain])
_FEW = ("none", "safe", "photo", "inspection")


def default_space(recipe: Recipe) -> Space:
    """Rates and regularisation around the recipe's own values, and a few presets of augmentation."""
    rate, decay = recipe.learning_rate, recipe.weight_decay or 0.05
    space: dict[str, FloatRange | IntRange | Choice] = {
        "training.learning_rate": FloatRange(low=rate / 10, high=rate * 10, log=True),
        "training.weight_decay": FloatRange(low=decay / 500, high=decay * 10, log=True),
        "model.dropout": FloatRange(low=0.0, high=0.5),
    }
    if recipe.model.pretrained:
        space["training.backbone_lr_multiplier"] = FloatRange(low=0.01, high=1.0, log=True)
    if recipe.loss_name == "cross_entropy":
        space["training.label_smoothing"] = FloatRange(low=0.0, high=0.2)
    own = _augmentation(recipe)
    presets: list[JsonValue] = [name for name in _FEW if name in PRESETS]
    space["augmentation"] = Choice(values=tuple(presets if own in presets else [*presets, own]))
    return space


def dump_space(space: Space) -> dict[str, Any]:
    """As JSON values, to be kept beside the trials."""
    dumped: dict[str, Any] = _ADAPTER.dump_python(dict(space), mode="json")
    return dumped


def own_values(recipe: Recipe, space: Space) -> dict[str, JsonValue] | None:
    """The recipe's own value of each key of the space; None: one of them is not in its range."""
    own = {key: _own_value(recipe, key, domain) for key, domain in space.items()}
    held = {key: value for key, value in own.items() if _holds(space[key], value)}
    return held if len(held) == len(own) else None


def _own_value(recipe: Recipe, key: str, domain: FloatRange | IntRange | Choice) -> JsonValue:
    written: Any = recipe.model_dump(mode="json")
    for part in key.split("."):
        written = written.get(part) if isinstance(written, dict) else None
    if written is None and not isinstance(domain, Choice):
        resolved = {
            "training.learning_rate": recipe.learning_rate,
            "training.weight_decay": recipe.weight_decay,
            "training.backbone_lr_multiplier": recipe.backbone_learning_rate / recipe.learning_rate,
        }
        return resolved.get(key)
    if isinstance(domain, Choice) and key == "augmentation":
        own = _augmentation(recipe)
        return own if own in domain.values else written
    return written  # type: ignore[no-any-return]


def _augmentation(recipe: Recipe) -> JsonValue:
    """The recipe's list by the name of its preset, if it has one."""
    for name, steps in PRESETS.items():
        if steps == recipe.augmentation:
            return name
    return [{step.name: step.arguments} for step in recipe.augmentation]


def _holds(domain: FloatRange | IntRange | Choice, value: JsonValue) -> bool:
    if isinstance(domain, Choice):
        return any(as_text(value) == as_text(one) for one in domain.values)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return domain.low <= value <= domain.high and (isinstance(domain, FloatRange) or isinstance(value, int))


def as_text(value: JsonValue) -> str:
    """A value as text that is equal for equal values; a database takes no lists as choices."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
