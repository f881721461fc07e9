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
    if recipe.model.start:
        return StrategyChoice(
            "two_phase",
            "model.start brings a head that fits: the first phase is behind it, and everything goes on",
        )
    if not recipe.model.pretrained:
        return StrategyChoice("scratch", "model.pretrained is false: there is nothing to transfer")
    if training.freeze_backbone_epochs:
        return StrategyChoice("two_phase", "training.freeze_backbone_epochs asks for a frozen beginning")
    if images < _ENOUGH_FOR_THE_BACKBONE:
        return StrategyChoice(
            "linear",
            f"{images:,} images are fewer than {_ENOUGH_FOR_THE_BACKBONE:,}; training.strategy=two_phase takes "
            "longer and may gain",
        )
    if images <= _ENOUGH_FOR_EVERYTHING:
        return StrategyChoice(
            "two_phase",
            f"{images:,} images lie between {_ENOUGH_FOR_THE_BACKBONE:,} and {_ENOUGH_FOR_EVERYTHING:,}",
        )
    return StrategyChoice("full", f"{images:,} images are more than {_ENOUGH_FOR_EVERYTHING:,}")


def unused_keys(recipe: Recipe, images: int) -> tuple[str, ...]:
    """A sentence about keys that the recipe sets and its strategy has no use for; none if there are none."""
    if choose_strategy(recipe, images).strategy != "linear":
        return ()
    unused = sorted(recipe.training.model_fields_set & _OF_LEARNING)
    if recipe.model.head == "linear":
        unused += sorted(recipe.training.model_fields_set & _OF_STEPS)
    if "augmentation" in recipe.model_fields_set and any(
        one.name != "Normalize" for one in recipe.augmentation
    ):
        unused.append("augmentation")
    if not unused:
        return ()
    return (
        f"With strategy linear the backbone stays as it came, and these keys have no effect: {', '.join(unused)}. "
        "training.strategy=two_phase uses them.",
    )


# What only matters while the backbone learns, and what only matters where a head is learnt step by step.
_OF_LEARNING = frozenset(
    {
        "backbone_lr_multiplier",
        "compile",
        "ema",
        "gradient_accumulation",
        "layer_decay",
        "mixed_precision",
        "teacher",
    }
)
_OF_STEPS = frozenset(
    {"epochs", "gradient_clip", "learning_rate", "optimizer", "scheduler", "warmup_epochs", "weight_decay"}
)
