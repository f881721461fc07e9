"""The decision rule in words."""

from dataclasses import dataclass

from sightline.records import DecisionRule
from sightline.report.material import Material


@dataclass(frozen=True)
class RuleInWords:
    """Steps of the decision in their order, a sentence each."""

    steps: tuple[str, ...]


def describe_rule(material: Material) -> RuleInWords:
    """What is done with the logits of a picture."""
    rule = material.manifest.decision
    return RuleInWords((_calibration(rule), *_thresholds(rule)))


def _calibration(rule: DecisionRule) -> str:
    one_true = (
        "exactly one label is true" if rule.activation == "softmax" else "each label is true or not by itself"
    )
    return f"Calibration by {rule.calibration.described()}, then the {rule.activation}: {one_true}."


def _thresholds(rule: DecisionRule) -> tuple[str, ...]:
    if rule.activation == "sigmoid":
        if rule.label_thresholds is None:
            return ("No thresholds were chosen: a label is held for true from a probability of 0.5 on.",)
        low, high = min(rule.label_thresholds), max(rule.label_thresholds)
        return (f"A label is held for true from its threshold on, between {low:.3f} and {high:.3f}.",)
    if rule.accept_thresholds is None:
        return ("No operating point was chosen: every answer is accepted, however unsure.",)
    low, high = min(rule.accept_thresholds), max(rule.accept_thresholds)
    return (f"An answer below its class's threshold, between {low:.3f} and {high:.3f}, goes to review.",)
