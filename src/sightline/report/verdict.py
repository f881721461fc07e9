"""The whole report in two sentences, as a careful colleague would put it; nothing that an interval does not carry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sightline.evaluation import AnyEvaluation, Evaluation, LabelFigures, MultilabelEvaluation
from sightline.evaluation.gates import GateResult
from sightline.evaluation.slices import SliceFindings
from sightline.pages import counted, listed, names
from sightline.records import Estimate, ScoresOrigin
from sightline.report.classes import figures_of
from sightline.report.figures import Metrics
from sightline.report.numbers import between, decimal, share

Level = Literal["good", "warning", "error"]
Ranked = tuple[Level, str]


class Verdict(NamedTuple):
    """How good, a headline of a few words, what is behind it, and what else must be known."""

    level: Level
    headline: str
    sentence: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """What the verdict rests on.

    baselines, baselines_elsewhere
        Those that were measured on the same pictures; and whether there are some of others.
    """

    evaluation: AnyEvaluation
    origin: ScoresOrigin
    baselines: Mapping[str, Metrics]
    gates: Sequence[GateResult]
    slices: SliceFindings | None
    baselines_elsewhere: bool = False


def verdict(evidence: Evidence) -> Verdict:
    """Judge by the gates if there are any, else by the baselines."""
    level, headline = _headline(evidence)
    return Verdict(
        level,
        headline,
        f"{_how_good(evidence.evaluation)} {_what_goes_wrong(evidence)}",
        (*_independence(evidence), *_unseen(evidence.evaluation)),
    )


def _headline(evidence: Evidence) -> Ranked:
    failed = [one for one in evidence.gates if not one.passed]
    if failed:
        doubt = (
            ""
            if any(one.sure is not False for one in failed)
            else ", though within the doubt of its interval"
        )
        of = f"{len(failed)} of {counted(len(evidence.gates), 'gate')}"
        return "error", f"Do not ship: {of} {'fails' if len(failed) == 1 else 'fail'}{doubt}."
    seen = evidence.origin.seen_in_training
    if seen:
        are = "picture was" if seen == 1 else "pictures were"
        return "warning", f"No fair test: {seen:,} {are} trained on."
    if evidence.gates:
        return _all_pass(evidence.gates)
    return _against_baselines(evidence)


def _all_pass(gates: Sequence[GateResult]) -> Ranked:
    unsure = sum(one.sure is False for one in gates)
    passed = f"All {counted(len(gates), 'gate')} pass" if len(gates) > 1 else "Its gate passes"
    if unsure:
        which = "it" if len(gates) == 1 else f"{unsure} of them"
        return "warning", f"{passed}, {which} within the doubt of the interval."
    return "good", f"Ship it: {passed[0].lower()}{passed[1:]}."


def _against_baselines(evidence: Evidence) -> Ranked:
    """Better is what stays above a baseline even if that has as wide an interval of its own."""
    field, name = (
        ("map", "mAP") if isinstance(evidence.evaluation, MultilabelEvaluation) else ("macro_f1", "macro-F1")
    )
    own = evidence.evaluation.intervals.get(field)
    values = {key: float(one[field] or 0.0) for key, one in evidence.baselines.items() if field in one}
    if own is None or not values:
        why = (
            "the baselines were not measured on these very pictures"
            if evidence.baselines_elsewhere
            else "no baseline is known"
        )
        return "warning", f"No gate was given and {why}: judge by the figures."
    best = max(values, key=lambda key: values[key])
    against = f"{name} {decimal(own.value)} against {decimal(values[best])}"
    if own.high < values[best]:
        return "error", f"Worse than {_article(best)}: {against}."
    if own.low <= values[best] + _width(own):
        return "warning", f"Not shown to be better than {_article(best)}: {against}."
    return "good", f"Better than {_article(best)}: {against}. No gate was given."


def _width(own: Estimate) -> float:
    return max(own.high - own.value, 0.0)


def _article(name: str) -> str:
    return f"'{name}'" if name.startswith("always") else f"the {name}"


def _how_good(evaluation: AnyEvaluation) -> str:
    several = isinstance(evaluation, MultilabelEvaluation)
    field = "exact_match" if several else "top1_accuracy"
    value: float = getattr(evaluation, field)
    if evaluation.count == 1:
        return f"The one picture is answered {'right' if value else 'wrong'}, which says little about others."
    interval = between(evaluation.intervals.get(field))
    what = "have every label right" if several else "are answered right"
    where = f" (95% interval {interval})" if interval else ""
    return f"{share(value)} of {counted(evaluation.count, 'picture')} {what}{where}."


def _what_goes_wrong(evidence: Evidence) -> str:
    said = (
        _most_wrong_label(evidence.evaluation)
        if isinstance(evidence.evaluation, MultilabelEvaluation)
        else _most_confused(evidence.evaluation)
    )
    worse = evidence.slices.worse if evidence.slices else ()
    parts = [one for one in worse if one.column != "label"]
    if parts:
        one = parts[0]
        said += (
            f" Where {one.column} is {one.value}, only {share(one.accuracy.value)} are right, against "
            f"{share(one.rest_accuracy)} elsewhere, which is more than chance."
        )
    return said


def _most_confused(evaluation: Evaluation) -> str:
    if not evaluation.most_confused:
        return _none_wrong(evaluation, "top1_accuracy")
    first = evaluation.most_confused[0]
    if first.count == 1:
        wrong = sum(cell.times for cell in evaluation.confusion if cell.truth != cell.answer)
        all_of_them = "in all, none of them twice the same"
        return f"{counted(wrong, 'mistake')} {all_of_them}." if wrong > 1 else "One mistake in all."
    support = round(first.count / first.share)
    return f"Most often '{first.truth}' is taken for '{first.answer}': {first.count:,} of {support:,}."


def _most_wrong_label(evaluation: MultilabelEvaluation) -> str:
    worst = max(evaluation.per_label, key=lambda one: sum(_mistakes_of(one)))
    missed, claimed = _mistakes_of(worst)
    if not missed + claimed:
        return _none_wrong(evaluation, "exact_match")
    return (
        f"Most mistakes are about '{worst.label}': missed in {missed:,} of {worst.support:,} pictures that have it, "
        f"seen in {claimed:,} that do not."
    )


def _mistakes_of(one: LabelFigures) -> tuple[int, int]:
    """Pictures in which a label was missed, and in which it was seen though it is not there."""
    found = round((one.recall or 0.0) * one.support)
    return one.support - found, one.predicted - found


def _none_wrong(evaluation: AnyEvaluation, field: str) -> str:
    own = evaluation.intervals.get(field)
    bound = f", but so few pictures cannot rule out {share(1 - own.low)}" if own else ""
    return f"Not one is wrong{bound}."


def _independence(evidence: Evidence) -> list[str]:
    count, units = evidence.evaluation.count, evidence.evaluation.units
    seen = evidence.origin.seen_in_training
    trained = (
        "None of the pictures was trained on."
        if not seen
        else (f"{seen:,} of the {count:,} pictures were trained on; every figure here flatters.")
    )
    if units is None or units == count:
        return [f"{trained} Each counts as independent: none is known to show the same thing as another."]
    return [
        f"{trained} They form {units:,} independent groups, and the intervals count groups, not pictures."
    ]


def _unseen(evaluation: AnyEvaluation) -> list[str]:
    unseen = [one.label for one in figures_of(evaluation) if not one.support]
    if not unseen:
        return []
    return [f"There is no picture of {listed([names(unseen, 5)])}: nothing is known about {_them(unseen)}."]


def _them(items: Sequence[str]) -> str:
    return "it" if len(items) == 1 else "them"
