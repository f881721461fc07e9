"""An evaluation, printed for people."""

from collections.abc import Mapping

from sightline.cli.tables import cell, console, new_table
from sightline.evaluation import AnyEvaluation, Evaluation, MultilabelEvaluation
from sightline.records import OutlierChoice

_MOST_CLASSES = 30


def print_evaluation(evaluation: AnyEvaluation, split: str) -> None:
    """Print the main figures and a row a class or label; for multiclass, what is most often taken for what."""
    if isinstance(evaluation, MultilabelEvaluation):
        _print_multilabel(evaluation, split)
    else:
        _print_multiclass(evaluation, split)


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
            f"Rejected at most {choice.promised_rate:.2%} of usual pictures, on average; for this threshold between "
            f"{choice.rate_low:.2%} and {choice.rate_high:.2%} ({choice.held_out} held-out pictures of "
            f"{choice.held_out_split}).",
            markup=False,
        )


def _print_multiclass(evaluation: Evaluation, split: str) -> None:
    out = console()
    top5 = "" if evaluation.top5_accuracy is None else f", top-5 {evaluation.top5_accuracy:.4f}"
    out.print(
        f"[bold]{split}[/]: {evaluation.count} images, accuracy [bold]{evaluation.top1_accuracy:.4f}[/]{top5}, "
        f"macro-F1 [bold]{evaluation.macro_f1:.4f}[/], "
        f"calibration error {evaluation.expected_calibration_error:.4f}"
    )
    table = new_table(
        "class", "images", "precision", "recall", "F1", right=("images", "precision", "recall", "F1")
    )
    worst_first = sorted(evaluation.per_class, key=lambda one: one.f1)
    for one in worst_first[:_MOST_CLASSES]:
        row = (f"{one.support}", f"{one.precision:.3f}", f"{one.recall:.3f}", f"{one.f1:.3f}")
        table.add_row(cell(one.label), *row)
    out.print(table)
    if len(worst_first) > _MOST_CLASSES:
        out.print(f"… and {len(worst_first) - _MOST_CLASSES} more classes, all better than these.")
    confused = _most_confused(evaluation)
    if confused:
        out.print(f"Most confused: {cell(confused)}")


def _print_multilabel(evaluation: MultilabelEvaluation, split: str) -> None:
    out = console()
    out.print(
        f"[bold]{split}[/]: {evaluation.count} images, mAP [bold]{_share(evaluation.map)}[/], "
        f"macro-F1 [bold]{evaluation.macro_f1:.4f}[/], micro-F1 {evaluation.micro_f1:.4f}, "
        f"all labels right {evaluation.exact_match:.4f}, "
        f"calibration error {evaluation.expected_calibration_error:.4f}"
    )
    numbers = ("images", "AP", "precision", "recall", "F1", "threshold")
    table = new_table("label", *numbers, right=numbers)
    # What has no average precision cannot be said to be bad.
    worst_first = sorted(
        evaluation.per_label, key=lambda one: 2.0 if one.average_precision is None else one.average_precision
    )
    for one in worst_first[:_MOST_CLASSES]:
        figures = (one.average_precision, one.precision, one.recall, one.f1, one.threshold)
        table.add_row(cell(one.label), f"{one.support}", *(_share(figure, 3) for figure in figures))
    out.print(table)
    if len(worst_first) > _MOST_CLASSES:
        out.print(f"… and {len(worst_first) - _MOST_CLASSES} more labels, none with a lower AP than these.")
    if not evaluation.thresholds_chosen:
        out.print("No thresholds have been chosen: a label is held for true from 0.5 on.")


def _share(figure: float | None, digits: int = 4) -> str:
    return "–" if figure is None else f"{figure:.{digits}f}"


def _most_confused(evaluation: Evaluation, most: int = 3) -> str:
    pairs = [
        (count, evaluation.labels[truth], evaluation.labels[answer])
        for truth, row in enumerate(evaluation.confusion)
        for answer, count in enumerate(row)
        if truth != answer and count
    ]
    worst = sorted(pairs, key=lambda pair: -pair[0])[:most]
    return ", ".join(f"{truth} taken for {answer} ({count}×)" for count, truth, answer in worst)
