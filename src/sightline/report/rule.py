"""The decision rule in words."""

from collections.abc import Iterator, Sequence

from sightline.pages import names
from sightline.records import NEVER, DecisionRule
from sightline.report.charts.plane import percent
from sightline.report.numbers import decimal, share

_MOST_ALARMS = 5
_STRANGENESS = {
    "max_softmax": "one minus the largest probability",
    "energy": "the energy of the logits",
    "knn": "the distance to the nearest training pictures",
    "mahalanobis": "the distance to the classes' means",
    "mix": "several scores added",
}


def describe_rule(rule: DecisionRule, labels: Sequence[str]) -> tuple[str, ...]:
    """What is done with the logits of a picture, step by step, a sentence or two each."""
    return tuple(_steps(rule, labels))


def _steps(rule: DecisionRule, labels: Sequence[str]) -> Iterator[str]:
    yield _calibration(rule)
    if rule.costs is not None:
        yield "The answer is the class of least expected cost, by the costs in the bundle."
    if rule.alarm_thresholds is not None:
        yield _alarms(rule.alarm_thresholds, labels)
    yield _labels(rule) if rule.activation == "sigmoid" else _accepting(rule, labels)
    if rule.sets is not None:
        yield (
            f"Beside the answer stands a set of labels that holds the truth for at least {percent(rule.sets.coverage)} "
            f"of pictures (split conformal prediction, {rule.sets.kind})."
        )
    if rule.outliers is not None:
        one = rule.outliers
        yield (
            f"A picture is rejected if it is too unlike the training pictures: {_STRANGENESS[one.kind]} above "
            f"{one.threshold:.4g}. Of usual pictures at most {percent(one.false_alarm_rate)} were to be rejected; the "
            f"{one.held_out:,} held-out ones promise {share(one.promised_rate)}."
        )
    if rule.aim:
        yield f"Asked for: {rule.aim}."


def _calibration(rule: DecisionRule) -> str:
    softmax = rule.activation == "softmax"
    then = "softmax: exactly one label is true" if softmax else "sigmoid: each label is true or not by itself"
    return f"Probabilities are calibrated, by {rule.calibration.described()}, then the {then}."


def _alarms(thresholds: Sequence[float | None], labels: Sequence[str]) -> str:
    alarms = [
        f"'{label}' from {decimal(one)} on"
        for label, one in zip(labels, thresholds, strict=True)
        if one is not None
    ]
    more = f" and {len(alarms) - _MOST_ALARMS} more" if len(alarms) > _MOST_ALARMS else ""
    return f"An alarm goes before a likelier answer: {', '.join(alarms[:_MOST_ALARMS])}{more}."


def _accepting(rule: DecisionRule, labels: Sequence[str]) -> str:
    if rule.accept_thresholds is None:
        return "No operating point was chosen: every answer is accepted, however unsure."
    reachable = [one for one in rule.accept_thresholds if one < NEVER]
    never = [label for label, one in zip(labels, rule.accept_thresholds, strict=True) if one >= NEVER]
    always = f" Answers of {names(never)} always go to review." if never else ""
    if not reachable:
        return "Every answer goes to review."
    low, high = min(reachable), max(reachable)
    threshold = decimal(low) if low == high else f"its class's threshold, {decimal(low)} to {decimal(high)},"
    return f"An answer less probable than {threshold} goes to review; others are accepted.{always}"


def _labels(rule: DecisionRule) -> str:
    if rule.label_thresholds is None:
        return "No thresholds were chosen: a label is held for true from a probability of 0.5 on."
    low, high = min(rule.label_thresholds), max(rule.label_thresholds)
    true = f"A label is held for true from its threshold on, {decimal(low)} to {decimal(high)}."
    if rule.review_from is None:
        return f"{true} A picture without any goes to review."
    low, high = min(rule.review_from), max(rule.review_from)
    return f"{true} One that lies below it, but above {decimal(low)} to {decimal(high)}, sends the picture to review."
