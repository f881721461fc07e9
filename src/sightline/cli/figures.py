"""An evaluation, printed for people."""

from sightline.cli.tables import cell, console, new_table
from sightline.evaluation import Evaluation

_MOST_CLASSES = 30


def print_evaluation(evaluation: Evaluation, split: str) -> None:
    """Print the main figures, a row a class, and what is most often taken for what."""
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


def _most_confused(evaluation: Evaluation, most: int = 3) -> str:
    pairs = [
        (count, evaluation.labels[truth], evaluation.labels[answer])
        for truth, row in enumerate(evaluation.confusion)
        for answer, count in enumerate(row)
        if truth != answer and count
    ]
    worst = sorted(pairs, key=lambda pair: -pair[0])[:most]
    return ", ".join(f"{truth} taken for {answer} ({count}×)" for count, truth, answer in worst)
