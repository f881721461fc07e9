"""What a search found."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, JsonValue

from sightline.records import Frozen

State = Literal["complete", "pruned", "failed"]


class TunedTrial(Frozen):
    """A trial of the search.

    number
        From 0, in the order of beginning; one that was killed leaves a gap.
    state
        `pruned`: given up after an epoch, since half of the trials before it were better there.
    value
        The metric in its best epoch; None: it failed before there was one.
    changes
        The keys that it set; with these the recipe gives it again.
    is_recipe
        It has the recipe's own values.
    """

    number: int
    state: State
    value: float | None
    changes: dict[str, JsonValue]
    is_recipe: bool
    epochs: int
    seconds: float
    metrics: dict[str, float] = Field(default_factory=dict)
    error: str | None = None


class Tuning(Frozen):
    """The whole search.

    trials
        All that have ended, in their order.
    best
        That with the best value of those that came to their end.
    recipe_value
        The value of the recipe as it is, if that was among the trials and came to its end.
    importances
        Share of each key in the differences between trials (PED-ANOVA, Watanabe et al. 2023), together 1; empty
        for fewer than ten complete trials, where they say nothing.
    """

    metric: str
    larger_is_better: bool
    dataset: str
    trials: tuple[TunedTrial, ...]
    best: TunedTrial
    recipe_value: float | None
    importances: dict[str, float]
    notes: tuple[str, ...]


def best_first(trials: Sequence[TunedTrial], larger_is_better: bool) -> tuple[TunedTrial, ...]:
    """Trials that came to their end, the best first; of equal ones the earlier."""
    whole = [trial for trial in trials if trial.state == "complete" and trial.value is not None]
    sign = -1 if larger_is_better else 1
    return tuple(sorted(whole, key=lambda trial: (sign * (trial.value or 0.0), trial.number)))
