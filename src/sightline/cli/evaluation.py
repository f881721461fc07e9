"""An evaluation with all that belongs to it, printed for people: gates first, then figures, slices, comparison."""

from typing import TYPE_CHECKING, Any

from rich.console import Console

from sightline.cli.figures import interval, print_evaluation
from sightline.cli.tables import cell, console, new_table
from sightline.pages import counted

if TYPE_CHECKING:
    from sightline.evaluation.comparison import Changed, Comparison
    from sightline.evaluation.slices import SliceFindings
    from sightline.lifecycle.evaluate_bundle import Evaluated
    from sightline.lifecycle.judgement import Compared
    from sightline.lifecycle.verdict_counts import VerdictCounts

_MOST_SLICES = 10
_MOST_CHANGES = 10
_MOST_PICTURES = 5


def judgement_as_json(found: "Evaluated") -> dict[str, Any]:
    """Everything that was found, as plain JSON values."""
    from dataclasses import asdict

    return {
        **found.judgement.model_dump(mode="json"),
        "server": None if found.agreement is None else asdict(found.agreement),
    }


def print_judgement(found: "Evaluated") -> None:
    """Print all of it, the most important first."""
    judgement, out = found.judgement, console()
    _print_gates(out, found)
    print_evaluation(judgement.evaluation, judgement.origin.split)
    _print_verdicts(out, judgement.verdicts)
    _print_slices(out, judgement.slices)
    if judgement.comparison is not None:
        _print_comparison(out, judgement.comparison)
    _print_notes(out, found)


def _print_gates(out: Console, found: "Evaluated") -> None:
    for gate in found.judgement.gates:
        verdict = "[green]kept[/]  " if gate.passed else "[bold red]missed[/]"
        out.print(f"{verdict} {cell(gate.gate)}: {cell(gate.said)}")


def _print_verdicts(out: Console, verdicts: "VerdictCounts | None") -> None:
    if verdicts is None or not (verdicts.review or verdicts.reject):
        return
    right = verdicts.accepted_accuracy
    of_them = "" if right is None else f", of them right {interval(right, 3)}"
    out.print(
        f"As the service would: {verdicts.accept} accepted{of_them}; {verdicts.review} to review, {verdicts.reject} "
        "rejected as unlike the training images."
    )


def _print_slices(out: Console, slices: "SliceFindings") -> None:
    worse = slices.worse
    tried = f"{slices.tried} parts of the data were tried, {slices.too_small} more were too small"
    if not worse:
        out.print(f"No part of the data is worse than the rest by more than chance ({tried}).")
        return
    columns = ("images", "accuracy", "rest", "below by", "q")
    table = new_table("worse than the rest", *columns, right=columns)
    for one in worse[:_MOST_SLICES]:
        table.add_row(
            cell(f"{one.column}: {one.value}"),
            f"{one.count}",
            interval(one.accuracy, 3),
            f"{one.rest_accuracy:.3f}",
            f"{one.gap:.3f}",
            f"{one.q_value:.1g}",
        )
    out.print(table)
    more = f"… and {len(worse) - _MOST_SLICES} more. " if len(worse) > _MOST_SLICES else ""
    out.print(
        f"{more}{tried}; of those called worse, one in {round(1 / slices.false_discoveries)} may be chance."
    )


def _print_comparison(out: Console, compared: "Compared") -> None:
    comparison = compared.comparison
    one, other = comparison.accuracy, comparison.other_accuracy
    out.print(
        f"Against [bold]{cell(compared.bundle)}[/]: accuracy {other + one.value:.4f} and {other:.4f}, difference "
        f"{_signed(one.value)} {_bounds(one.low, one.high)}; macro-F1 {_signed(comparison.macro_f1.value)} "
        f"{_bounds(comparison.macro_f1.low, comparison.macro_f1.high)}."
    )
    sure = "more than chance" if comparison.p_value < 0.05 else "no more than chance may do"
    out.print(
        f"{comparison.only_this} images are right that were wrong, {comparison.only_other} wrong that were right: "
        f"{sure} (p {comparison.p_value:.2g})."
    )
    _print_classes(out, comparison)
    _print_changed(out, "Worse", comparison.worse, comparison.only_other)
    _print_changed(out, "Better", comparison.better, comparison.only_this)


def _print_classes(out: Console, comparison: "Comparison") -> None:
    changed = [
        one
        for one in comparison.per_class
        if one.recall_change is not None and one.recall_change.value != 0.0
    ]
    if not changed:
        return
    numbers = ("images", "recall", "before", "change")
    table = new_table("recall that changed", *numbers, right=numbers)
    ranked = sorted(changed, key=lambda one: one.recall_change.value if one.recall_change else 0.0)
    for one in ranked[:_MOST_CHANGES]:
        change = one.recall_change
        assert change is not None
        table.add_row(
            cell(one.label),
            f"{one.support}",
            f"{one.recall:.3f}",
            f"{one.other_recall:.3f}",
            f"{_signed(change.value)} {_bounds(change.low, change.high)}",
        )
    out.print(table)
    if len(ranked) > _MOST_CHANGES:
        out.print(f"… and {len(ranked) - _MOST_CHANGES} more classes.")


def _print_changed(out: Console, title: str, changed: "tuple[Changed, ...]", total: int) -> None:
    for one in changed[:_MOST_PICTURES]:
        truth, answer, before = (
            ", ".join(names) or "none" for names in (one.truth, one.answer, one.other_answer)
        )
        out.print(
            f"{title}: {cell(one.id)} is {cell(truth)}, answered {cell(answer)}, by the other {cell(before)}"
        )
    if total > _MOST_PICTURES:
        out.print(f"… and {total - _MOST_PICTURES} more; --json lists them.")


def _print_notes(out: Console, found: "Evaluated") -> None:
    origin, count = found.judgement.origin, found.judgement.evaluation.count
    if origin.seen_in_training:
        out.print(
            f"[yellow]{origin.seen_in_training} of the {count} images were trained on: the figures flatter.[/]"
        )
    if found.quarantine:
        first = found.quarantine[0]
        out.print(
            f"{counted(len(found.quarantine), 'file')} set aside, the first: {cell(first.path)}: {cell(first.message)}"
        )
    if origin.views:
        out.print(
            f"Averaged over {1 + len(origin.views)} views of each picture. The service answers from one."
        )
    if found.agreement is not None:
        verdict = "[green]as evaluated[/]" if found.agreement.holds else "[bold red]not what was evaluated[/]"
        out.print(
            f"Server: {found.agreement.label_agreement:.2%} of {found.agreement.images} labels agree, largest |Δp| "
            f"{found.agreement.max_probability_difference:.1e}: {verdict}."
        )


def _signed(value: float) -> str:
    return f"{value:+.4f}"


def _bounds(low: float, high: float) -> str:
    return cell(f"[{low:+.4f}, {high:+.4f}]")
