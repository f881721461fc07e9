"""The recipe's metrics by name, all of them figures of `sightline.evaluation`."""

from collections.abc import Callable, Sequence

from sightline.evaluation import Evaluation, evaluate
from sightline.records import DecisionRule, Scores


def measure(scores: Scores, names: Sequence[str]) -> dict[str, float]:
    """The metrics named, in the order given; `per_class_f1` becomes one `f1/<label>` for each label.

    `loss` is the mean negative log-likelihood, without label smoothing. `top5_accuracy` is 1 for five classes
    or fewer.
    """
    evaluation = evaluate(scores, DecisionRule())
    measured: dict[str, float] = {}
    for name in names:
        measured |= _FIGURES[name](evaluation)
    return measured


def _top5_accuracy(evaluation: Evaluation) -> dict[str, float]:
    value = evaluation.top5_accuracy
    return {"top5_accuracy": 1.0 if value is None else value}


_FIGURES: dict[str, Callable[[Evaluation], dict[str, float]]] = {
    "accuracy": lambda evaluation: {"accuracy": evaluation.top1_accuracy},
    "top5_accuracy": _top5_accuracy,
    "f1_macro": lambda evaluation: {"f1_macro": evaluation.macro_f1},
    "per_class_f1": lambda evaluation: {f"f1/{one.label}": one.f1 for one in evaluation.per_class},
    "loss": lambda evaluation: {"loss": evaluation.negative_log_likelihood},
}
