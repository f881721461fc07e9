"""A search space in YAML, read with all its mistakes reported at once."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import JsonValue, ValidationError

from sightline.errors import RecipeError
from sightline.lifecycle.experiments.changes import changed_recipe
from sightline.lifecycle.experiments.tuning.space import Choice, FloatRange, IntRange, Space
from sightline.training import Recipe, parse_yaml

# The data are prepared once, and all trials are judged alike.
_FIXED = (
    "seed",
    "task",
    "evaluation",
    "tracking",
    *(
        f"data.{key}"
        for key in (
            "train_dir",
            "val_dir",
            "test_dir",
            "group_by",
            "group_gap",
            "corrections",
            "earlier",
            "fold",
            "val_fraction",
            "test_fraction",
        )
    ),
)
_FORM = "write {low: 1e-4, high: 1e-2, log: true} or a list of values"
Domain = FloatRange | IntRange | Choice


def read_space(path: Path, recipe: Recipe) -> Space:
    """The space in a file: a recipe's keys with dots, each with a range or a list; every value is tried in `recipe`.

    Whole numbers on both sides of a range search whole numbers.

    Raises:
        RecipeError: the file cannot be read, or it has mistakes; all of them are listed with their keys.
    """
    try:
        raw = parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError) as err:
        raise RecipeError(f"The search space '{path}' cannot be read: {err}") from err
    if not isinstance(raw, dict) or not raw:
        raise RecipeError(
            f"The search space '{path}' must name keys, as in 'model.dropout: [0.0, 0.2, 0.5]'."
        )
    space: dict[str, Domain] = {}
    wrong: list[str] = []
    for key, value in raw.items():
        domain = _domain(value)
        mistakes = [domain] if isinstance(domain, str) else list(_refusals(str(key), domain, recipe))
        wrong += [f"  {key}: {mistake}" for mistake in mistakes]
        if not isinstance(domain, str):
            space[str(key)] = domain
    if wrong:
        count = "1 mistake" if len(wrong) == 1 else f"{len(wrong)} mistakes"
        raise RecipeError("\n".join([f"The search space '{path}' has {count}:", *wrong]))
    return space


def _domain(value: Any) -> Domain | str:
    """A range or a choice, or what is wrong with it."""
    if isinstance(value, list):
        distinct = {repr(one) for one in value}
        if len(distinct) < 2 or len(distinct) < len(value):
            return f"{value!r} must have two values or more, no two of them the same"
        try:
            return Choice(values=tuple(value))
        except ValidationError:
            return f"{value!r} has a value that no recipe can have, a date for instance; quote text"
    if not isinstance(value, Mapping):
        return f"{value!r} is neither a range nor a list; {_FORM}"
    unknown = sorted(str(key) for key in set(value) - {"low", "high", "log"})
    if unknown or not {"low", "high"} <= set(value):
        return f"{', '.join(unknown) or dict(value)} is not understood; {_FORM}"
    return _range(value["low"], value["high"], value.get("log", False))


def _range(low: Any, high: Any, log: Any) -> Domain | str:
    for name, number in (("low", low), ("high", high)):
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            return f"{name} is {number!r}; it must be a number"
    if not isinstance(log, bool):
        return f"log is {log!r}; it must be true or false"
    if low >= high:
        return f"low is {low} and high is {high}; low must be smaller"
    if log and low <= 0:
        return f"low is {low}; with log it must be above 0"
    if isinstance(low, int) and isinstance(high, int):
        return IntRange(low=low, high=high, log=log)
    return FloatRange(low=low, high=high, log=log)


def _refusals(key: str, domain: Domain, recipe: Recipe) -> Iterator[str]:
    for fixed in _FIXED:
        if key == fixed or key.startswith(f"{fixed}."):
            yield "cannot be searched: the data are prepared once, and all trials are judged alike"
            return
    values: tuple[JsonValue, ...]
    values = domain.values if isinstance(domain, Choice) else (domain.low, domain.high)
    seen: set[str] = set()
    for value in values:
        try:
            changed_recipe(recipe, {key: value})
        except RecipeError as err:
            for line in str(err).splitlines()[1:]:
                told = line.strip().removeprefix(f"{key} = ")
                problem = told.partition(": ")[2]
                if problem not in seen:
                    yield told
                seen.add(problem)
