"""Figures of an evaluation, printed for people: the main ones with their intervals, then the worst classes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sightline.cli.tables import cell, console, new_table
from sightline.evaluation import AnyEvaluation, Evaluation, MultilabelEvaluation
from sightline.records import OutlierChoice

if TYPE_CHECKING:
    from sightline.evaluation import ClassFigures, LabelFigures
    from sightline.records import Estimate

_MOST_CLASSES = 20
_MOST_CONFUSED = 3
_MULTICLASS = {
    "top1_accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "balanced_accuracy": "balanced accuracy",
    "top5_accuracy": "top-5 accuracy",
    "map": "mAP",
    "roc_auc": "ROC-AUC",
    "mean_cost": "mean cost",
    "expected_calibration_error": "calibration error",
    "classwise_calibration_error": "… class-wise",
    "negative_log_likelihood": "log-likelihood loss",
    "brier_score": "Brier score",
}
_MULTILABEL = {
    "map": "mAP",
    "macro_f1": "macro-F1",
    "micro_f1": "micro-F1",
    "exact_match": "all labels right",
    "hamming_loss": "labels wrong",
    "roc_auc": "ROC-AUC",
    "expected_calibration_error": "calibration error",
    "classwise_calibration_error": "… by label",
    "negative_log_likelihood": "log-likelihood loss",
    "brier_score": "Brier score",
}


def print_evaluation(evaluation: AnyEvaluation, split: str) -> None:
    """Print the main figures and a row a class or label; for multiclass, what is most often taken for what."""
    multilabel = isinstance(evaluation, MultilabelEvaluation)
    out = console()
    out.print(f"[bold]{split}[/]: {evaluation.count} images")
    columns = ("value", "95 % interval") if evaluation.intervals else ("value",)
    table = new_table("figure", *columns, right=("value",))
    for name, words in (_MULTILABEL if multilabel else _MULTICLASS).items():
        value = getattr(evaluation, name)
        if value is not None:
            table.add_row(
                words, *(f"{value:.4f}", _bounds(evaluation.intervals.get(name), 4))[: len(columns)]
            )
    out.print(table)
    if evaluation.sampling is not None and evaluation.units != evaluation.count:
        out.print(cell(evaluation.sampling))
    if isinstance(evaluation, MultilabelEvaluation):
        _print_labels(evaluation)
    else:
        _print_classes(evaluation)


def print_baselines(network: AnyEvaluation, baselines: Mapping[str, AnyEvaluation]) -> None:
    """Print the network's main figure beside those of what it has to beat, on the same images."""
    named = {"this network": network, **{name.replace("_", " "): one for name, one in baselines.items()}}
    first, second = (
        ("mAP", "macro-F1") if isinstance(network, MultilabelEvaluation) else ("accuracy", "macro-F1")
    )
    table = new_table("compared", first, second, right=(first, second))
    for name, one in named.items():
        own = one.map if isinstance(one, MultilabelEvaluation) else one.top1_accuracy
        table.add_row(name, _share(own), _share(one.macro_f1))
    console().print(table)


def interval(estimate: "Estimate", digits: int = 4) -> str:
    """A value with its interval, `0.912 [0.871, 0.941]`, escaped for a table."""
    return f"{estimate.value:.{digits}f} {_bounds(estimate, digits)}"


def print_outliers(choice: OutlierChoice) -> None:
    """Print how each score tells generated outliers from held-out pictures, and what the threshold promises."""
    out = console()
    numbers = ("mean AUROC", "lowest", "noise and blank accepted")
    table = new_table("strange pictures", *numbers, "hardest kind", right=numbers)
    for one in choice.figures:
        hardest = min(one.auroc, key=lambda kind: one.auroc[kind])
        mark = " (chosen)" if one.kind == choice.chosen else ""
        row = (f"{one.mean_auroc:.4f}", f"{one.auroc[hardest]:.3f}", f"{one.empty_accepted}", hardest)
        table.add_row(f"{one.kind}{mark}", *row)
    out.print(table)
    out.print(choice.reason, markup=False)
    if choice.chosen is not None:
        out.print(
            f"At most {choice.promised_rate:.2%} of usual pictures are rejected, on average; with this threshold "
            f"between {choice.rate_low:.2%} and {choice.rate_high:.2%} ({choice.held_out} held-out pictures of "
            f"{choice.held_out_split}).",
            markup=False,
        )


def _print_classes(evaluation: Evaluation) -> None:
    numbers = ("images", "recall", "precision", "F1")
    table = new_table("class, the worst first", *numbers, right=numbers)
    # What has no picture cannot be said to be bad.
    worst_first = sorted(
        evaluation.per_class, key=lambda one: (not one.support, one.f1 or 0.0, one.recall or 0.0)
    )
    for one in worst_first[:_MOST_CLASSES]:
        table.add_row(
            cell(one.label), f"{one.support}", *(_of(one, name) for name in ("recall", "precision", "f1"))
        )
    out = console()
    out.print(table)
    if len(worst_first) > _MOST_CLASSES:
        out.print(f"… and {len(worst_first) - _MOST_CLASSES} more classes, none with a lower F1 than these.")
    confused = ", ".join(
        f"{one.truth} taken for {one.answer} ({one.count}×)"
        for one in evaluation.most_confused[:_MOST_CONFUSED]
    )
    if confused:
        out.print(f"Most confused: {cell(confused)}")


def _print_labels(evaluation: MultilabelEvaluation) -> None:
    numbers = ("images", "AP", "recall", "precision", "F1", "threshold")
    table = new_table("label, the worst first", *numbers, right=numbers)
    # What has no average precision cannot be said to be bad.
    worst_first = sorted(
        evaluation.per_label,
        key=lambda one: (one.average_precision is None, one.average_precision or 0.0, one.f1 or 0.0),
    )
    for one in worst_first[:_MOST_CLASSES]:
        figures = (_of(one, name) for name in ("average_precision", "recall", "precision", "f1"))
        table.add_row(cell(one.label), f"{one.support}", *figures, _share(one.threshold, 3))
    out = console()
    out.print(table)
    if len(worst_first) > _MOST_CLASSES:
        out.print(f"… and {len(worst_first) - _MOST_CLASSES} more labels, none with a lower AP than these.")
    if not evaluation.thresholds_chosen:
        out.print("No thresholds have been chosen: a label is held for true from 0.5 on.")


def _of(figures: "ClassFigures | LabelFigures", name: str) -> str:
    value: float | None = getattr(figures, name)
    bounds = _bounds(figures.intervals.get(name), 2)
    return f"{_share(value, 3)} {bounds}".strip()


def _bounds(estimate: "Estimate | None", digits: int) -> str:
    return "" if estimate is None else cell(f"[{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]")


def _share(figure: float | None, digits: int = 4) -> str:
    return "–" if figure is None else f"{figure:.{digits}f}"
