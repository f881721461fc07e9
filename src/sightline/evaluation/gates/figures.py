"""The figures that a gate may name."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sightline.errors import InputError
from sightline.evaluation.by_task import AnyEvaluation
from sightline.evaluation.multilabel import MultilabelEvaluation
from sightline.records import Estimate, Task

ALIASES = {"accuracy": "top1_accuracy", "calibration_error": "expected_calibration_error"}
_SHARED = (
    "macro_precision", "macro_recall", "macro_f1", "weighted_precision", "weighted_recall", "weighted_f1", "map",
    "roc_auc", "expected_calibration_error", "classwise_calibration_error", "negative_log_likelihood", "brier_score",
    "count",
)  # fmt: skip
OVERALL: dict[Task, tuple[str, ...]] = {
    "multiclass": ("top1_accuracy", "top5_accuracy", "balanced_accuracy", "mean_cost", *_SHARED),
    "multilabel": ("micro_precision", "micro_recall", "micro_f1", "exact_match", "hamming_loss", *_SHARED),
}
BY_CLASS = ("recall", "precision", "f1", "average_precision", "roc_auc", "calibration_error", "support")
_MOST_LABELS = 20
_UNBOUNDED = {
    "negative_log_likelihood": (0.0, math.inf),
    "mean_cost": (-math.inf, math.inf),
    "count": (0.0, math.inf),
    "support": (0.0, math.inf),
}


@dataclass(frozen=True)
class Figure:
    """A figure by its name, as in `recall[crack]`; None where there is nothing to take it from."""

    name: str
    value: float | None
    estimate: Estimate | None


def full_name(name: str, per_class: bool, task: Task) -> str:
    """The name of a figure as the records spell it.

    Raises:
        InputError: there is none; lists all, the nearest first.
    """
    known = BY_CLASS if per_class else OVERALL[task]
    aliases = {} if per_class else {short: long for short, long in ALIASES.items() if long in known}
    found = aliases.get(name, name)
    if found in known:
        return found
    names = sorted({*known, *aliases})
    near = get_close_matches(name, names, 1, 0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    if name in (OVERALL[task] if per_class else BY_CLASS):
        hint = " It has no class." if per_class else f" It is one of a class: {name}[CLASS] or {name}[*]."
    kind = "figure of a class" if per_class else "figure"
    raise InputError(f"There is no {kind} '{name}'.{hint} There are {', '.join(names)}.")


def possible_range(name: str, task: Task) -> tuple[float, float]:
    """Between what a figure lies, by its full name."""
    if name == "brier_score" and task == "multiclass":
        return 0.0, 2.0
    return _UNBOUNDED.get(name, (0.0, 1.0))


def known_label(label: str, labels: Sequence[str]) -> str:
    """The label itself.

    Raises:
        InputError: it is none of the labels; lists them, the nearest first.
    """
    if label in labels:
        return label
    near = get_close_matches(label, labels, 1, 0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    more = f" and {len(labels) - _MOST_LABELS} more" if len(labels) > _MOST_LABELS else ""
    raise InputError(
        f"There is no class '{label}'.{hint} There are {', '.join(labels[:_MOST_LABELS])}{more}."
    )


def overall_figure(evaluation: AnyEvaluation, name: str) -> Figure:
    """A figure over all classes, by its full name."""
    return Figure(name, getattr(evaluation, name), evaluation.intervals.get(name))


def class_figure(evaluation: AnyEvaluation, name: str, label: str) -> Figure:
    """A figure of one class; None for one that divides by nothing."""
    rows = evaluation.per_label if isinstance(evaluation, MultilabelEvaluation) else evaluation.per_class
    row = rows[evaluation.labels.index(label)]
    return Figure(f"{name}[{label}]", getattr(row, name), row.intervals.get(name))
