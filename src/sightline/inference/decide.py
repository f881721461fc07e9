"""From probabilities to an answer: labels, candidates, a verdict and the reason for it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.records import EVEN_ODDS, Candidate, DecisionRule, Verdict

_NAMED = 3


@dataclass(frozen=True)
class Answer:
    """What is said of one picture.

    labels
        Those that are held for true, the most probable first: one with softmax, any number with sigmoid.
    candidates
        The most probable labels, best first.
    verdict, reason
        What is to be done with the answer, and why, in one sentence.
    """

    labels: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    verdict: Verdict
    reason: str


def decide(
    probabilities: NDArray[np.float64], rule: DecisionRule, labels: tuple[str, ...], top_k: int = 5
) -> Answer:
    """Decide one row of calibrated probabilities, float64 `[C]`.

    Of equal probabilities the label that stands first wins. `top_k` is cut to the number of labels, and cuts
    candidates only, never the labels of the answer. With sigmoid a picture of which no label is true goes to
    `review`: whether nothing is to be seen or something was overlooked, only a person can tell.
    """
    order = np.argsort(-probabilities, kind="stable")
    candidates = tuple(
        Candidate(label=labels[i], probability=float(probabilities[i])) for i in order[: max(1, top_k)]
    )
    present = rule.present(probabilities[np.newaxis])[0]
    chosen = tuple(labels[i] for i in order if present[i])
    if rule.activation == "sigmoid":
        return Answer(chosen, candidates, "accept" if chosen else "review", _reason(chosen, rule))
    verdict, reason = _judge(int(order[0]), candidates[0], rule)
    return Answer(chosen, candidates, verdict, reason)


def _judge(index: int, first: Candidate, rule: DecisionRule) -> tuple[Verdict, str]:
    if rule.accept_thresholds is None:
        return "accept", "No operating point has been chosen: every answer is accepted."
    threshold = rule.accept_thresholds[index]
    if first.probability >= threshold:
        return "accept", f"{first.probability:.4f} reaches the threshold {threshold:.4f} of '{first.label}'."
    return "review", f"{first.probability:.4f} is below the threshold {threshold:.4f} of '{first.label}'."


def _reason(chosen: tuple[str, ...], rule: DecisionRule) -> str:
    """With sigmoid: how many labels are true, and by which thresholds."""
    several = len(chosen) > 1
    reach = f"{len(chosen)} labels reach" if several else f"{len(chosen) or 'no'} label reaches"
    named = ", ".join(f"'{label}'" for label in chosen[:_NAMED])
    more = f" and {len(chosen) - _NAMED} more" if len(chosen) > _NAMED else ""
    which = f": {named}{more}." if chosen else "."
    if rule.label_thresholds is None:
        return f"No thresholds have been chosen, so {EVEN_ODDS} holds for all; {reach} it{which}"
    sentence = f"{reach} {'their thresholds' if several else 'its threshold'}{which}"
    return sentence[0].upper() + sentence[1:]
