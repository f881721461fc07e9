"""The recipe's metrics of a set of scores, by name."""

from collections.abc import Callable, Sequence

import numpy as np

from sightline.records import DecisionRule, Scores


def measure(scores: Scores, names: Sequence[str]) -> dict[str, float]:
    """The metrics named, in the order given; `per_class_f1` becomes one `f1/<label>` for each label."""
    measured: dict[str, float] = {}
    for name in names:
        measured |= _MEASURES[name](scores)
    return measured


def _accuracy(scores: Scores) -> dict[str, float]:
    return {"accuracy": float((scores.logits.argmax(axis=1) == scores.targets).mean())}


def _top5_accuracy(scores: Scores) -> dict[str, float]:
    best = np.argsort(-scores.logits, axis=1)[:, :5]
    return {"top5_accuracy": float((best == scores.targets[:, np.newaxis]).any(axis=1).mean())}


def _loss(scores: Scores) -> dict[str, float]:
    probabilities = DecisionRule().probabilities(scores.logits)
    of_target = probabilities[np.arange(len(scores.targets)), scores.targets]
    return {"loss": float(-np.log(np.maximum(of_target, 1e-12)).mean())}


def _per_class_f1(scores: Scores) -> dict[str, float]:
    predicted = scores.logits.argmax(axis=1)
    f1 = {}
    for index, label in enumerate(scores.labels):
        hits = int(((predicted == index) & (scores.targets == index)).sum())
        named = int((predicted == index).sum() + (scores.targets == index).sum())
        f1[f"f1/{label}"] = 2 * hits / named if named else 0.0
    return f1


def _f1_macro(scores: Scores) -> dict[str, float]:
    return {"f1_macro": float(np.mean(list(_per_class_f1(scores).values())))}


_MEASURES: dict[str, Callable[[Scores], dict[str, float]]] = {
    "accuracy": _accuracy,
    "top5_accuracy": _top5_accuracy,
    "loss": _loss,
    "f1_macro": _f1_macro,
    "per_class_f1": _per_class_f1,
}
