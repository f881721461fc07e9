"""A strategy under which what is compared plays a part."""

from sightline.errors import RecipeError
from sightline.lifecycle.experiments.changes import changed_recipe
from sightline.training import Recipe


def augmenting_recipe(recipe: Recipe) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe with a strategy that trains the backbone on augmented pictures, and notes on what was changed.

    `auto` may choose to solve the head on features of the plain pictures, where augmentation and rates play no part.

    Raises:
        RecipeError: the recipe asks for that by name, or for frozen epochs only.
    """
    training = recipe.training
    if training.strategy == "linear" or recipe.frozen_epochs >= training.epochs:
        key = "strategy" if training.strategy == "linear" else "freeze_backbone_epochs"
        raise RecipeError(
            f"training.{key} is {getattr(training, key)}: only the head learns, from features of plain pictures, "
            "so that augmentation and rates play no part. Set training.strategy=two_phase, with epochs that are "
            "not frozen."
        )
    if training.strategy != "auto":
        return recipe, ()
    strategy = "two_phase" if recipe.model.pretrained else "scratch"
    note = (
        f"training.strategy is auto; the trials take {strategy}, since not every strategy augments pictures."
    )
    return changed_recipe(recipe, {"training.strategy": strategy}), (note,)
