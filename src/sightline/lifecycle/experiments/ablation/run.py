"""An ablation, from the recipe to its table."""

import time
from collections.abc import Sequence
from pathlib import Path

from sightline.errors import InputError, TrainingError
from sightline.lifecycle.experiments.ablation.result import Ablation, Row, make_row, reading_notes
from sightline.lifecycle.experiments.ablation.table import ablation_markdown
from sightline.lifecycle.experiments.ablation.variants import Variant, variants
from sightline.lifecycle.experiments.intervals import half_width_in_sd
from sightline.lifecycle.experiments.journal import Journal
from sightline.lifecycle.experiments.listener import Listener
from sightline.lifecycle.experiments.outcome import outcome
from sightline.lifecycle.experiments.trial import Trial, planned_trial, run_trial
from sightline.lifecycle.prepare import PreparedData
from sightline.training import Progress, Recipe
from sightline.training.recipe.steps import Step
from sightline.whole_file import write_whole

TRIALS, TABLE, RECORD = "trials.jsonl", "ablation.md", "ablation.json"


def ablate(
    recipe: Recipe,
    data: PreparedData,
    folder: Path,
    *,
    added: Sequence[Step] = (),
    seeds: int = 3,
    listener: Listener,
    training_progress: Progress | None = None,
) -> Ablation:
    """Train every variant of the augmentation with the same seeds, `recipe.seed` and those after it.

    Judged on `data.val` by the recipe's metric. Trials that `folder` has already are not run again; table and
    record are written there at the end. The recipe's strategy must augment, see `augmenting_recipe`.

    Raises:
        InputError: fewer than two seeds.
        RecipeError: see `variants`.
        TrainingError: every training failed.
        DatasetError: a picture has changed since it was read.
    """
    if seeds < 2:
        raise InputError(f"seeds is {seeds}; differences need two or more, so that their spread is seen.")
    planned = variants(recipe, added)
    numbers = tuple(recipe.seed + place for place in range(seeds))
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    trials = _trials(planned, numbers, data, folder, listener, training_progress)
    ablation = _ablation(recipe, data, planned, numbers, trials, time.perf_counter() - started)
    write_whole(folder / TABLE, ablation_markdown(ablation).encode())
    write_whole(folder / RECORD, ablation.model_dump_json(indent=1).encode())
    return ablation


def _trials(
    planned: Sequence[Variant],
    seeds: Sequence[int],
    data: PreparedData,
    folder: Path,
    listener: Listener,
    progress: Progress | None,
) -> dict[str, list[Trial]]:
    """The trials of each variant by its name; a whole seed after another, so that a stop leaves full rows."""
    journal = Journal(folder / TRIALS, Trial).open()
    found: dict[str, list[Trial]] = {variant.name: [] for variant in planned}
    count = len(planned) * len(seeds)
    for number, (seed, variant) in enumerate(((s, v) for s in seeds for v in planned), start=1):
        plan = planned_trial(variant.recipe, data, seed)
        trial = journal.get(plan.key)
        listener.begin(number, count, f"{variant.name}, seed {seed}")
        if trial is None:
            trial = run_trial(variant.recipe, data, seed, name=variant.name, progress=progress)
            trial = trial.model_copy(update={"changes": variant.changes})
            journal.append(trial)
            listener.end(outcome(trial))
        else:
            listener.end(f"{outcome(trial)}, known from before")
        found[variant.name].append(trial)
    return found


def _ablation(
    recipe: Recipe,
    data: PreparedData,
    planned: Sequence[Variant],
    seeds: tuple[int, ...],
    trials: dict[str, list[Trial]],
    seconds: float,
) -> Ablation:
    every = [trial for own in trials.values() for trial in own]
    if all(trial.value is None for trial in every):
        raise TrainingError(f"Every training failed. The first: {every[0].error}")
    larger = recipe.best_metric != "loss"
    full = trials[planned[0].name]
    rows = tuple(make_row(one.kind, one.name, trials[one.name], full, larger) for one in planned)
    return Ablation(
        metric=recipe.best_metric,
        larger_is_better=larger,
        seeds=seeds,
        epochs=recipe.training.epochs,
        train_images=len(data.train),
        val_images=len(data.val),
        dataset=data.digest,
        half_width_sd=half_width_in_sd(len(seeds)),
        rows=rows,
        notes=(*reading_notes(len(seeds), len(rows), len(data.val)), *_notes(rows)),
        seconds=seconds,
    )


def _notes(rows: Sequence[Row]) -> tuple[str, ...]:
    values = [value for row in rows for value in row.values]
    failed = values.count(None)
    notes = (
        []
        if not failed
        else [f"{failed} of {len(values)} trainings failed; pairs without them are compared."]
    )
    if all(row.values == rows[0].values for row in rows) and not failed:
        notes.append(
            "Every list gave exactly the same figures: augmentation seems to play no part in this recipe."
        )
    return tuple(notes)
