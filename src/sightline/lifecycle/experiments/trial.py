"""One training of an experiment, and the record of what came of it."""

import time

from pydantic import Field, JsonValue

from sightline.errors import TrainingError
from sightline.lifecycle.experiments.changes import Changes, changed_recipe, experiment_digest
from sightline.lifecycle.prepare import PreparedData
from sightline.records import Frozen
from sightline.training import Progress, Recipe, train


class Trial(Frozen):
    """What came of one training.

    key
        What the trial is known by: digest of recipe with seed, data, and version.
    name
        For people.
    changes
        Keys of the recipe that were set for it.
    metric, value
        What judges on val, and its value in the best epoch; None: the training failed.
    metrics
        All that was measured in the best epoch.
    best_epoch, epochs
        As in the history, which may begin with an epoch 0; and how many epochs there were.
    seconds
        Wall time of the training, evaluation on val included.
    error
        Why the training failed.
    """

    key: str
    name: str
    changes: dict[str, JsonValue]
    seed: int
    metric: str
    value: float | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    best_epoch: int | None = None
    epochs: int = 0
    seconds: float = 0.0
    error: str | None = None


def planned_trial(
    recipe: Recipe, data: PreparedData, seed: int, *, name: str = "", changes: Changes | None = None
) -> Trial:
    """The trial before it is run: `recipe` with `changes` and a seed of its own, on `data`.

    Raises:
        RecipeError: the changes make no valid recipe.
    """
    own = _own_recipe(recipe, seed, changes)
    return Trial(
        key=experiment_digest(own, data.digest),
        name=name,
        changes=dict(changes or {}),
        seed=seed,
        metric=own.best_metric,
    )


def run_trial(
    recipe: Recipe,
    data: PreparedData,
    seed: int,
    *,
    name: str = "",
    changes: Changes | None = None,
    progress: Progress | None = None,
) -> Trial:
    """Train on `data.train` and judge on `data.val`; the split stays, whatever the seed of the training.

    A training that fails is recorded, not raised.

    Raises:
        RecipeError: the changes make no valid recipe.
        DatasetError: a picture has changed since it was read.
    """
    planned = planned_trial(recipe, data, seed, name=name, changes=changes)
    started = time.perf_counter()
    try:
        trained = train(_own_recipe(recipe, seed, changes), data.train, data.val, progress=progress)
    except TrainingError as err:
        return planned.model_copy(update={"error": str(err), "seconds": time.perf_counter() - started})
    best = trained.best
    return planned.model_copy(
        update={
            "value": best.validation[planned.metric],
            "metrics": dict(best.validation),
            "best_epoch": best.epoch,
            "epochs": sum(record.epoch > 0 for record in trained.history),
            "seconds": time.perf_counter() - started,
        }
    )


def _own_recipe(recipe: Recipe, seed: int, changes: Changes | None) -> Recipe:
    return changed_recipe(recipe, {**(changes or {}), "seed": seed})
