"""The lists of augmentation that an ablation compares."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from sightline.errors import RecipeError
from sightline.lifecycle.experiments.changes import changed_recipe
from sightline.training import Recipe
from sightline.training.recipe.steps import Step

Kind = Literal["full", "without", "nothing", "with"]


@dataclass(frozen=True)
class Variant:
    """A list of augmentation, as the recipe has it or changed in one place.

    name
        For people, as in `without ColorJitter`.
    recipe
        The whole recipe with that list.
    """

    kind: Kind
    name: str
    recipe: Recipe

    @property
    def changes(self) -> dict[str, JsonValue]:
        """The key of the recipe that the variant sets."""
        return {"augmentation": _written(self.recipe.augmentation)}


def variants(recipe: Recipe, added: Sequence[Step] = ()) -> tuple[Variant, ...]:
    """The full list first; each step left out; nothing at all; and each further step added to the full list.

    `Normalize` is no augmentation and stays in every list.

    Raises:
        RecipeError: there is nothing to leave out or to add, or a step does not fit into the list.
    """
    steps = recipe.augmentation
    places = [place for place, step in enumerate(steps) if step.name != "Normalize"]
    if not places and not added:
        raise RecipeError(
            "augmentation is empty: there is no step to leave out. Name some to add, --add NAME,NAME."
        )
    names = _names([steps[place].name for place in places])
    found = [Variant("full", "the full list", recipe)]
    for place, name in zip(places, names, strict=True):
        rest = (*steps[:place], *steps[place + 1 :])
        found.append(_variant("without", f"without {name}", recipe, rest))
    if len(places) > 1:
        kept = tuple(step for step in steps if step.name == "Normalize")
        found.append(_variant("nothing", "nothing at all", recipe, kept))
    for step, name in zip(added, _names([step.name for step in added]), strict=True):
        found.append(_with_step(recipe, step, name))
    return tuple(found)


def _names(names: Sequence[str]) -> list[str]:
    """Names of which no two are the same."""
    often = {name for name, count in Counter(names).items() if count > 1}
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(f"{name} ({seen[name]})" if name in often else name)
    return told


def _with_step(recipe: Recipe, step: Step, name: str) -> Variant:
    """The step as late as possible: most work on what others have made, some have to begin."""
    refused: RecipeError | None = None
    for place in _places(recipe.augmentation):
        steps = (*recipe.augmentation[:place], step, *recipe.augmentation[place:])
        try:
            return _variant("with", f"with {name}", recipe, steps)
        except RecipeError as err:
            refused = refused or err
    assert refused is not None
    raise RecipeError(f"'{step.name}' cannot be added to the augmentation. {refused}") from refused


def _places(steps: Sequence[Step]) -> Iterator[int]:
    end = len(steps) - (steps[-1].name == "Normalize" if steps else 0)
    yield from range(end, -1, -1)


def _variant(kind: Kind, name: str, recipe: Recipe, steps: Sequence[Step]) -> Variant:
    return Variant(kind, name, changed_recipe(recipe, {"augmentation": _written(steps)}))


def _written(steps: Sequence[Step]) -> list[JsonValue]:
    return [{step.name: step.arguments} for step in steps]
