"""The recipe's metrics by name, all of them figures of `sightline.evaluation`."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from sightline.evaluation import Evaluation, MultilabelEvaluation, evaluate, evaluate_multilabel
from sightline.records import DecisionRule, Scores, activation_of

E = TypeVar("E", Evaluation, MultilabelEvaluation)
Figures = dict[str, Callable[[E], dict[str, float]]]


def measure(scores: Scores, names: Sequence[str]) -> dict[str, float]:
    """The metrics named, in the order given; `per_class_f1` becomes one `f1/<label>` for each label.

    The task of the scores says which names there are. At temperature 1; for multilabel each label is true from 0.5
    on, as thresholds are chosen only after training. `loss` is the mean negative log-likelihood, without label
    smoothing or weights. `top5_accuracy` is 1 for five classes or fewer, and `map` 0 where no label has a picture.
    `recall_macro` runs over the labels that have one, and is for multiclass the balanced accuracy.
    """
    rule = DecisionRule(activation=activation_of(scores.task))
    if scores.task == "multiclass":
        return _named(names, _MULTICLASS, evaluate(scores, rule))
    return _named(names, _MULTILABEL, evaluate_multilabel(scores, rule))


def _named(names: Sequence[str], figures: Figures[E], evaluation: E) -> dict[str, float]:
    measured: dict[str, float] = {}
    for name in names:
        measured |= figures[name](evaluation)
    return measured


def _top5_accuracy(evaluation: Evaluation) -> dict[str, float]:
    value = evaluation.top5_accuracy
    return {"top5_accuracy": 1.0 if value is None else value}


def _recall_macro(evaluation: MultilabelEvaluation) -> dict[str, float]:
    recalls = [one.recall for one in evaluation.per_label if one.recall is not None]
    return {"recall_macro": sum(recalls) / len(recalls) if recalls else 0.0}


_MULTICLASS: Figures[Evaluation] = {
    "accuracy": lambda evaluation: {"accuracy": evaluation.top1_accuracy},
    "top5_accuracy": _top5_accuracy,
    "balanced_accuracy": lambda evaluation: {"balanced_accuracy": evaluation.balanced_accuracy},
    "f1_macro": lambda evaluation: {"f1_macro": evaluation.macro_f1},
    "per_class_f1": lambda evaluation: {f"f1/{one.label}": one.f1 or 0.0 for one in evaluation.per_class},
    "recall_macro": lambda evaluation: {"recall_macro": evaluation.balanced_accuracy},
    "loss": lambda evaluation: {"loss": evaluation.negative_log_likelihood},
}
_MULTILABEL: Figures[MultilabelEvaluation] = {
    "map": lambda evaluation: {"map": evaluation.map or 0.0},
    "f1_macro": lambda evaluation: {"f1_macro": evaluation.macro_f1},
    "per_class_f1": lambda evaluation: {f"f1/{one.label}": one.f1 or 0.0 for one in evaluation.per_label},
    "recall_macro": _recall_macro,
    "loss": lambda evaluation: {"loss": evaluation.negative_log_likelihood},
}
