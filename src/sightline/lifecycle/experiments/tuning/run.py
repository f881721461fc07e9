"""A search, from the recipe to the best of its trials."""

import time
from pathlib import Path

from sightline.errors import InputError, RecipeError, TrainingError
from sightline.lifecycle.experiments.changes import Changes, changed_recipe, told_apart_by
from sightline.lifecycle.experiments.listener import Listener
from sightline.lifecycle.experiments.tuning.pruning import Pruned, PruningProgress
from sightline.lifecycle.experiments.tuning.result import State, TunedTrial, Tuning, best_first
from sightline.lifecycle.experiments.tuning.space import Space, own_values
from sightline.lifecycle.experiments.tuning.study import Asked, OpenStudy, Question, open_study
from sightline.lifecycle.prepare import PreparedData
from sightline.training import EpochRecord, Progress, Recipe, to_yaml, train
from sightline.whole_file import write_whole

RECORD, BEST = "tuning.json", "best.yaml"


def tune(
    recipe: Recipe,
    data: PreparedData,
    space: Space,
    folder: Path,
    *,
    study_file: Path,
    trials: int = 20,
    timeout_s: float | None = None,
    listener: Listener,
    training_progress: Progress | None = None,
) -> Tuning:
    """Try values of the space until the study has so many trials, the recipe's own values first.

    Judged on `data.val` by the recipe's metric, all with the recipe's seed. No trial begins after `timeout_s`;
    one that has begun comes to its end. The best recipe and the record are written to `folder` at the end.

    Raises:
        InputError: fewer than one trial, or the study is one of something else, see `open_study`.
        TrainingError: no trial came to its end.
        DatasetError: a picture has changed since it was read.
    """
    if trials < 1:
        raise InputError(f"trials is {trials}; it must be 1 or more.")
    folder.mkdir(parents=True, exist_ok=True)
    question = _question(recipe, data, space)
    until = time.monotonic() + (float("inf") if timeout_s is None else timeout_s)
    own = own_values(recipe, space)
    with open_study(study_file, question) as study:
        ended = len(study.ended())
        if ended:
            listener.note(f"The study has {ended} trials already; {max(0, trials - ended)} more are run.")
        for number in range(ended + 1, trials + 1):
            if time.monotonic() > until:
                listener.note(f"The time is over after {number - 1} trials.")
                break
            asked = study.ask(first=own)
            is_recipe = own is not None and number == 1
            listener.begin(number, trials, "the recipe as it is" if is_recipe else described(asked.changes))
            result = _run(asked, recipe, data, is_recipe, training_progress)
            asked.tell(result)
            listener.end(_outcome(result, question.metric))
        tuning = _tuning(question, study)
    write_whole(folder / BEST, to_yaml(changed_recipe(recipe, tuning.best.changes)).encode())
    write_whole(folder / RECORD, tuning.model_dump_json(indent=1).encode())
    return tuning


def described(changes: Changes) -> str:
    """Changes on a line, the keys without their sections."""
    return ", ".join(f"{key.rpartition('.')[2]} {_shown(value)}" for key, value in changes.items())


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return "+".join(next(iter(one)) if isinstance(one, dict) else str(one) for one in value) or "none"
    return str(value)


def _question(recipe: Recipe, data: PreparedData, space: Space) -> Question:
    return Question(
        recipe=told_apart_by(recipe),
        dataset=data.digest,
        space=space,
        metric=recipe.best_metric,
        larger_is_better=recipe.best_metric != "loss",
        seed=recipe.seed,
        warm_up_epochs=max(1, recipe.training.epochs // 4),
    )


def _run(
    asked: Asked, recipe: Recipe, data: PreparedData, is_recipe: bool, progress: Progress | None
) -> TunedTrial:
    started = time.perf_counter()
    metric = recipe.best_metric
    pruning = PruningProgress(progress, metric, asked.worth_going_on)
    state: State = "complete"
    error, best = None, None
    try:
        trained = train(changed_recipe(recipe, asked.changes), data.train, data.val, progress=pruning)
        best = trained.best
    except Pruned:
        state, best = "pruned", _best(pruning.records, metric)
    except (TrainingError, RecipeError) as err:
        state, error = "failed", str(err)
    except BaseException:
        asked.give_back()
        raise
    return TunedTrial(
        number=asked.number,
        state=state,
        value=None if best is None else best.validation[metric],
        changes=asked.changes,
        is_recipe=is_recipe,
        epochs=sum(record.epoch > 0 for record in pruning.records),
        seconds=time.perf_counter() - started,
        metrics={} if best is None else dict(best.validation),
        error=error,
    )


def _best(records: list[EpochRecord], metric: str) -> EpochRecord:
    sign = 1 if metric == "loss" else -1
    return min(records, key=lambda record: sign * record.validation[metric])


def _outcome(result: TunedTrial, metric: str) -> str:
    if result.value is None:
        return f"failed: {result.error}"
    given_up = f", given up after {result.epochs} epochs" if result.state == "pruned" else ""
    return f"{metric} {result.value:.4f}{given_up}, {result.seconds:.1f} s"


def _tuning(question: Question, study: OpenStudy) -> Tuning:
    trials = study.ended()
    whole = best_first(trials, question.larger_is_better)
    if not whole:
        why = next((f" The first: {trial.error}" for trial in trials if trial.error), "")
        raise TrainingError(f"No trial came to its end.{why}")
    return Tuning(
        metric=question.metric,
        larger_is_better=question.larger_is_better,
        dataset=question.dataset,
        trials=trials,
        best=whole[0],
        recipe_value=next((trial.value for trial in whole if trial.is_recipe), None),
        importances=study.importances(),
        notes=_notes(len(whole)),
    )


def _notes(whole: int) -> tuple[str, ...]:
    return (
        f"The best of {whole} on val flatters itself, all with one seed: judge best.yaml on test, and against the "
        "recipe as it is with further seeds.",
    )
