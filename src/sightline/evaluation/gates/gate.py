"""Whether a bundle passes its gates, and by how much not."""

import math
from collections.abc import Iterable, Mapping, Sequence

from sightline.errors import InputError
from sightline.evaluation.by_task import AnyEvaluation
from sightline.evaluation.comparison import Comparison
from sightline.evaluation.gates.figures import (
    Figure,
    class_figure,
    full_name,
    known_label,
    overall_figure,
    possible_range,
)
from sightline.evaluation.gates.grammar import EVERY, Drop, Gate, Limit
from sightline.records import Estimate, Frozen, Task

_ROUNDING = 1e-12


class GateResult(Frozen):
    """One gate, judged.

    figure, value, estimate
        What decided: with several classes the one that came closest to failing, or failed by most. `value` is None
        where there was nothing to judge by; such a gate does not pass. For a drop they are those of the drop.
    margin
        How far the value is on the right side of the limit; below 0 it is a miss.
    sure
        Whether the interval lies wholly on the side that was judged; None where there is no interval. A gate that
        passes unsurely may fail on other pictures of the same kind, and the other way round.
    failing
        Names of all figures that miss the limit.
    said
        All of it in a sentence.
    """

    gate: str
    passed: bool
    figure: str
    value: float | None
    limit: float
    margin: float | None
    estimate: Estimate | None
    sure: bool | None
    failing: tuple[str, ...]
    said: str


def check_gates(
    gates: Iterable[Gate], labels: Sequence[str], task: Task, *, with_costs: bool = False
) -> None:
    """Refuse gates that name what there is not, before anything is scored.

    Raises:
        InputError: an unknown figure or class, with the nearest name; `mean_cost` without costs; or a limit that no
            figure can lie on both sides of, such as an accuracy of 90.
    """
    for gate in gates:
        if isinstance(gate, Drop):
            _require_possible(gate.text, f"a drop of {gate.figure}", gate.most, (-1.0, 1.0))
            continue
        name = full_name(gate.figure, gate.label is not None, task)
        if gate.label not in (None, EVERY):
            known_label(str(gate.label), labels)
        _require_possible(gate.text, gate.figure, gate.limit, possible_range(name, task))
        if name == "mean_cost" and not with_costs:
            raise InputError(f"The gate '{gate.text}' needs to know what mistakes cost: give --cost FILE.")


def _require_possible(gate: str, what: str, limit: float, possible: tuple[float, float]) -> None:
    """A gate with a limit out of reach would always pass, or never."""
    least, most = possible
    if least <= limit <= most:
        return
    share = most == 1.0 and 1.0 < limit <= 100.0 and "%" not in gate
    hint = f" Did you mean {limit:g}%, which is {limit / 100:g}?" if share else ""
    lies = f"lies between {least:g} and {most:g}" if math.isfinite(most) else f"is at least {least:g}"
    raise InputError(f"The gate '{gate}' has the limit {limit:g}, and {what} {lies}.{hint}")


def judge_gates(
    gates: Iterable[Gate], evaluation: AnyEvaluation, task: Task, comparisons: Mapping[str, Comparison]
) -> tuple[GateResult, ...]:
    """Judge each gate; `comparisons` are those with the bundles that gates name, by that name."""
    return tuple(
        _judge_drop(gate, comparisons[gate.bundle])
        if isinstance(gate, Drop)
        else _judge_limit(gate, evaluation, task)
        for gate in gates
    )


def _judge_limit(gate: Limit, evaluation: AnyEvaluation, task: Task) -> GateResult:
    name = full_name(gate.figure, gate.label is not None, task)
    if gate.label is None:
        figures = [overall_figure(evaluation, name)]
    elif gate.label == EVERY:
        figures = [class_figure(evaluation, name, label) for label in evaluation.labels]
    else:
        figures = [class_figure(evaluation, name, gate.label)]
    rising = gate.operator in (">=", ">")
    return _judge(gate.text, figures, gate.limit, rising=rising, strict=gate.operator in (">", "<"))


def _judge_drop(gate: Drop, comparison: Comparison) -> GateResult:
    if not gate.per_class:
        change = comparison.accuracy if gate.figure == "accuracy" else comparison.macro_f1
        figures = [_dropped(f"drop of {gate.figure}", change)]
    else:
        figures = [
            _dropped(f"drop of {gate.figure}[{one.label}]", getattr(one, f"{gate.figure}_change"))
            for one in comparison.per_class
        ]
    return _judge(gate.text, figures, gate.most, rising=False, strict=False)


def _dropped(name: str, change: Estimate | None) -> Figure:
    if change is None:
        return Figure(name, None, None)
    # Not `-`: a change of nothing would be a drop of −0.
    turned = {"value": 0.0 - change.value, "low": 0.0 - change.high, "high": 0.0 - change.low}
    return Figure(name, 0.0 - change.value, change.model_copy(update=turned))


def _judge(text: str, figures: Sequence[Figure], limit: float, *, rising: bool, strict: bool) -> GateResult:
    margins = {
        figure.name: (figure.value - limit if rising else limit - figure.value)
        for figure in figures
        if figure.value is not None
    }
    if not margins:
        return _nothing_to_judge(text, figures[0].name if len(figures) == 1 else "every class", limit)
    least = _ROUNDING if strict else -_ROUNDING
    failing = tuple(name for name, margin in margins.items() if margin < least)
    closest = min(margins, key=lambda name: margins[name])
    figure = next(one for one in figures if one.name == closest)
    unsure = figure.estimate is not None and figure.estimate.contains(limit)
    return GateResult(
        gate=text,
        passed=not failing,
        figure=figure.name,
        value=figure.value,
        limit=limit,
        margin=margins[closest],
        estimate=figure.estimate,
        sure=None if figure.estimate is None else not unsure,
        failing=failing,
        said=_sentence(figure, limit, margins[closest], failing, len(figures) - len(margins)),
    )


def _sentence(figure: Figure, limit: float, margin: float, failing: tuple[str, ...], unknown: int) -> str:
    value = f"{figure.name} is {figure.value:.4g}"
    if figure.estimate is not None:
        value += f" [{figure.estimate.low:.4g}, {figure.estimate.high:.4g}]"
    said = f"{value}, {f'{abs(margin):.4g} beyond' if failing else f'{abs(margin):.4g} within'} the limit {limit:.4g}"
    if figure.estimate is not None and figure.estimate.contains(limit):
        said += "; the interval contains the limit, so that more pictures might decide otherwise"
    if len(failing) > 1:
        others = [name for name in failing if name != figure.name]
        shown = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
        said += f"; also beyond it: {shown}"
    if unknown:
        said += f"; {unknown} classes have no picture to judge by"
    return f"{said}."


def _nothing_to_judge(text: str, name: str, limit: float) -> GateResult:
    return GateResult(
        gate=text,
        passed=False,
        figure=name,
        value=None,
        limit=limit,
        margin=None,
        estimate=None,
        sure=None,
        failing=(name,),
        said=f"{name} cannot be judged: there is no picture to take it from.",
    )
