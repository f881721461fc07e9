"""What an ablation found: a row for each list of augmentation."""

import statistics
from collections.abc import Sequence
from typing import Literal

from sightline.lifecycle.experiments.ablation.variants import Kind
from sightline.lifecycle.experiments.intervals import half_width_in_sd, mean_interval
from sightline.lifecycle.experiments.trial import Trial
from sightline.records import Frozen

Verdict = Literal["helps", "hurts", "cannot be told apart"]


class Row(Frozen):
    """One list of augmentation over all seeds.

    values
        The metric in the order of the seeds; None where the training failed.
    mean
        Of the values that there are.
    difference, low, high
        Mean of (this list − full list) over the seeds that both have, and its 95 % paired t interval; None for
        the full list, and the interval also where fewer than two differ.
    verdict
        On the step that was left out or added, or, for nothing at all, on the whole list; None: the full list.
    errors
        Why trainings failed.
    """

    kind: Kind
    name: str
    values: tuple[float | None, ...]
    mean: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: Verdict | None = None
    errors: tuple[str, ...] = ()


class Ablation(Frozen):
    """The whole comparison, judged on val by `metric`; `half_width_sd`: half the interval's width for that many
    seeds, in standard deviations of the differences.
    """

    metric: str
    larger_is_better: bool
    seeds: tuple[int, ...]
    epochs: int
    train_images: int
    val_images: int
    dataset: str
    half_width_sd: float
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    seconds: float


def make_row(
    kind: Kind, name: str, trials: Sequence[Trial], full: Sequence[Trial], larger_is_better: bool
) -> Row:
    """A row from the trials of a list and those of the full list, both in the order of the seeds."""
    values = tuple(trial.value for trial in trials)
    there = [value for value in values if value is not None]
    errors = tuple(f"seed {trial.seed}: {trial.error}" for trial in trials if trial.error is not None)
    row = Row(
        kind=kind, name=name, values=values, mean=statistics.fmean(there) if there else None, errors=errors
    )
    if kind == "full":
        return row
    differences = [
        own.value - whole.value
        for own, whole in zip(trials, full, strict=True)
        if own.value is not None and whole.value is not None
    ]
    if not differences:
        return row.model_copy(update={"verdict": "cannot be told apart"})
    interval = mean_interval(differences)
    compared = {
        "difference": statistics.fmean(differences),
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
    }
    told = row.model_copy(update=compared)
    return told.model_copy(update={"verdict": _verdict(told, larger_is_better)})


def reading_notes(seeds: int, rows: int, val_images: int) -> tuple[str, ...]:
    """What the intervals say, and what they do not."""
    return (
        f"With {seeds} seeds an interval reaches ±{half_width_in_sd(seeds):.2f} standard deviations of the "
        f"difference; with 10 it would be ±{half_width_in_sd(10):.2f}.",
        f"It covers the chance of training, not of the choice of these {val_images:,} pictures of val, on which "
        "the best epoch was chosen as well.",
        "Augmentation pays over many epochs: short trainings underrate it.",
        f"Each of the {rows - 1} intervals stands by itself: about one in twenty steps that do nothing looks as "
        "if it did.",
    )


def _verdict(row: Row, larger_is_better: bool) -> Verdict:
    if row.low is None or row.high is None or row.low <= 0 <= row.high:
        return "cannot be told apart"
    better = (row.low > 0) == larger_is_better
    return "helps" if better == (row.kind == "with") else "hurts"
