"""A decision, in words and tables for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sightline.records import (
        CalibrationReport,
        DecisionReport,
        DecisionRule,
        Estimate,
        FittedOn,
        OperatingReport,
    )

_MOST_NAMED = 4


def rule_in_words(rule: "DecisionRule", labels: tuple[str, ...]) -> str:
    """Calibration, and every kind of threshold that there is, in one line."""
    return f"{rule.activation}, {rule.calibration.described()}; " + "; ".join(_thresholds(rule, labels))


def _thresholds(rule: "DecisionRule", labels: tuple[str, ...]) -> Iterator[str]:
    if rule.activation == "sigmoid":
        chosen = rule.label_thresholds
        if chosen is None:
            yield "thresholds: none chosen, 0.5 for every label"
        else:
            yield f"thresholds: {min(chosen):.3f} to {max(chosen):.3f}, one a label"
        if rule.review_from is not None:
            yield f"to review from {min(rule.review_from):.3f} to {max(rule.review_from):.3f}"
        return
    if rule.costs is not None:
        yield "answers of least expected cost"
    alarms = [
        (label, one)
        for label, one in zip(labels, rule.alarm_thresholds or (), strict=False)
        if one is not None
    ]
    if alarms:
        named = ", ".join(f"'{label}' from {one:.4f}" for label, one in alarms[:_MOST_NAMED])
        yield f"alarms by probability: {named}" + (
            f" and {len(alarms) - _MOST_NAMED} more" if len(alarms) > _MOST_NAMED else ""
        )
    thresholds = rule.accept_thresholds
    if thresholds is None:
        yield "operating point: none chosen: every answer is accepted"
    else:
        yield _accepting(thresholds, labels)
    if rule.sets is not None:
        yield f"prediction sets ({rule.sets.kind}) that hold the truth in {rule.sets.coverage:g}"


def _accepting(thresholds: tuple[float, ...], labels: tuple[str, ...]) -> str:
    never = [label for label, one in zip(labels, thresholds, strict=True) if one > 1.0]
    others = [one for one in thresholds if one <= 1.0]
    if not others:
        return "every answer goes to review"
    low, high = f"{min(others):.4f}", f"{max(others):.4f}"
    if max(others) == 0.0:
        accepted = "answers are accepted whatever their probability"
    elif low == high:
        accepted = f"answers are accepted from a probability of {low} on"
    else:
        accepted = f"answers are accepted from a probability of {low} to {high} on, by class"
    if not never:
        return accepted
    more = f" and {len(never) - _MOST_NAMED} more" if len(never) > _MOST_NAMED else ""
    named = ", ".join(f"'{label}'" for label in never[:_MOST_NAMED])
    return f"{accepted}, but for those of {named}{more}, which always go to review"


def report_in_lines(report: "DecisionReport") -> Iterator[tuple[str, str]]:
    """The report as pairs of a name and a sentence."""
    yield "calibration", _calibration(report.calibration)
    for one in report.calibration.measured:
        yield (
            f"errors ({one.split})",
            f"calibration error {one.before.expected:.4f} → {one.after.expected:.4f}, classwise "
            f"{one.before.classwise:.4f} → {one.after.classwise:.4f}, likelihood loss "
            f"{one.before.negative_log_likelihood:.4f} → {one.after.negative_log_likelihood:.4f}, Brier "
            f"{one.before.brier_score:.4f} → {one.after.brier_score:.4f}, {one.images} images",
        )
    if report.operating is not None:
        yield from _operating(report.operating)
    if report.checked is not None:
        yield from _operating(report.checked, report.checked.fitted_on.split)


def _calibration(report: "CalibrationReport") -> str:
    tried = [
        f"{one.kind} {one.loss:.4f}"
        + (
            f" (better by {one.gain:.4f} ± {one.gain_error:.4f})"
            if one.gain is not None and one.gain >= 5e-5
            else ""
        )
        for one in report.candidates
    ]
    compared = f"; loss on folds held out: {', '.join(tried)}" if len(tried) > 1 else ""
    return f"{report.chosen}, fitted on {_fitted_on(report.fitted_on)}{compared}"


def _fitted_on(fitted_on: "FittedOn") -> str:
    groups = "" if fitted_on.groups is None else f" in {fitted_on.groups} groups"
    epoch = ", which also chose the epoch" if fitted_on.chose_epoch else ""
    return f"{fitted_on.images} images of {fitted_on.split}{groups}{epoch}"


def _operating(report: "OperatingReport", seen: str = "") -> Iterator[tuple[str, str]]:
    """`seen`: the split that the figures were seen on; without, they are what is expected."""
    of = f" ({seen or 'expected'})"
    yield f"accuracy{of}", f"of all answers {_share(report.accuracy)}"
    if report.accepted is not None and report.accepted.value < 1.0:
        yield (
            f"accepted{of}",
            f"{_share(report.accepted)} of the pictures, with an accuracy of {_share(report.accepted_accuracy)}",
        )
    day = report.reviews_per_day
    if day is not None:
        yield f"to review{of}", f"{day.value:.0f} a day ({day.low:.0f} to {day.high:.0f})"
    if report.area is not None:
        yield f"risk–coverage{of}", f"area under the curve {report.area:.5f}, 0 at best"
    if report.set_coverage is not None:
        held = f"hold the truth in {_share(report.set_coverage)}, {report.set_size:.2f} labels on average"
        yield f"sets{of}", held
    for aim in report.aims:
        figures = "; ".join(
            f"{name} {_share(one)}"
            for name, one in (("recall", aim.recall), ("precision", aim.precision))
            if one is not None
        )
        if seen:
            if figures:
                yield f"aim {aim.text}{of}", figures
            continue
        state = {True: "promised", False: "NOT PROMISED", None: "followed"}[aim.promised]
        at = "" if aim.threshold is None else f", threshold {aim.threshold:.4f}"
        more = [part for part in (f"expected: {figures}" if figures else "", aim.notice) if part]
        yield f"aim {aim.text}", "; ".join([state + at, *more])
    for notice in report.notices:
        yield "note", notice


def _share(one: "Estimate | None") -> str:
    return "–" if one is None else f"{one.value:.4f} ({one.low:.4f} to {one.high:.4f})"


def print_decision(rule: "DecisionRule", report: "DecisionReport", labels: tuple[str, ...]) -> None:
    """Print the rule, what can be expected of it, and what it did on images that played no part in its choice."""
    from sightline.cli.tables import cell, console, new_table

    table = new_table("decision", "")
    table.show_header = False
    table.add_row("[bold]decision[/]", cell(rule_in_words(rule, labels)))
    for name, sentence in report_in_lines(report):
        table.add_row(f"[bold]{cell(name)}[/]", cell(sentence))
    console().print(table)
    console().print("In brackets: what 95 % of fresh sets of as many images will show.")
