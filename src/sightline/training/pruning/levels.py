"""When in a run channels are taken out, and how far."""

from dataclasses import dataclass

from sightline.training.recipe.recipe import Recipe


@dataclass(frozen=True)
class Level:
    """A size that the network has for some epochs.

    share
        Of the multiply-adds that it began with: what is gone at this level.
    epochs
        Their numbers, counted from 1.
    """

    share: float
    epochs: range


def levels_of(recipe: Recipe, epochs: int) -> tuple[Level, ...]:
    """The levels of a run that prunes, the last of which has at least half of the epochs; none of another run.

    Each level is the same share of the one before: the first cuts take what is missed least.
    """
    share, steps = recipe.training.prune, recipe.training.prune_steps
    if share is None:
        return ()
    length = max(1, epochs // (2 * steps))
    starts = [1 + step * length for step in range(steps)]
    ends = [*starts[1:], epochs + 1]
    return tuple(
        Level(1 - (1 - share) ** ((step + 1) / steps), range(start, end))
        for step, (start, end) in enumerate(zip(starts, ends, strict=True))
    )
