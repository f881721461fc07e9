"""How much of the network learns: chosen by the number of images, or named by the recipe."""

from dataclasses import dataclass

from sightline.training.recipe.recipe import Recipe
from sightline.training.recipe.sections import Strategy

# From the guides of the field: what a data set can teach without forgetting what the backbone brings.
_ENOUGH_FOR_THE_BACKBONE = 5_000
_ENOUGH_FOR_EVERYTHING = 100_000


@dataclass(frozen=True)
class StrategyChoice:
    """The strategy, and the reason for it in one sentence."""

    strategy: Strategy
    reason: str

    @property
    def starts_pretrained(self) -> bool:
        """Whether the backbone begins with pretrained weights."""
        return self.strategy != "scratch"

    @property
    def learns_statistics(self) -> bool:
        """Whether batch norm takes the statistics of the batches.

        Those of few images are noisier than the ones the weights came with, and evaluation uses the running ones
        anyway: they stay fixed unless there is enough to learn them from, or nothing to keep.
        """
        return self.strategy in ("full", "scratch")


def choose_strategy(recipe: Recipe, images: int) -> StrategyChoice:
    """Resolve `training.strategy` for so many training images."""
    training = recipe.training
    if training.strategy != "auto":
        return StrategyChoice(training.strategy, "as the recipe says")
    if not recipe.model.pretrained:
        return StrategyChoice("scratch", "model.pretrained is false: there is nothing to transfer")
    if training.freeze_backbone_epochs:
        return StrategyChoice("two_phase", "training.freeze_backbone_epochs asks for a frozen beginning")
    if images < _ENOUGH_FOR_THE_BACKBONE:
        return StrategyChoice(
            "linear",
            f"{images:,} images are fewer than {_ENOUGH_FOR_THE_BACKBONE:,}; training.strategy=two_phase takes "
            "minutes instead of seconds and often gains",
        )
    if images <= _ENOUGH_FOR_EVERYTHING:
        return StrategyChoice(
            "two_phase",
            f"{images:,} images lie between {_ENOUGH_FOR_THE_BACKBONE:,} and {_ENOUGH_FOR_EVERYTHING:,}",
        )
    return StrategyChoice("full", f"{images:,} images are more than {_ENOUGH_FOR_EVERYTHING:,}")
