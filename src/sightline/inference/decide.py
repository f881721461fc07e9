"""From probabilities to an answer: candidates, a verdict and the reason for it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.records import Candidate, DecisionRule, Verdict


@dataclass(frozen=True)
class Answer:
    """Candidates, best first; the verdict on the first of them; the reason in one sentence."""

    candidates: tuple[Candidate, ...]
    verdict: Verdict
    reason: str


def decide(
    probabilities: NDArray[np.float64], rule: DecisionRule, labels: tuple[str, ...], top_k: int = 5
) -> Answer:
    """Decide one row of calibrated probabilities, float64 `[C]`.

    Of equal probabilities the label that stands first wins. `top_k` is cut to the number of labels.
    """
    best = np.argsort(-probabilities, kind="stable")[: max(1, top_k)]
    candidates = tuple(Candidate(label=labels[i], probability=float(probabilities[i])) for i in best)
    verdict, reason = _judge(int(best[0]), candidates[0], rule)
    return Answer(candidates, verdict, reason)


def _judge(index: int, first: Candidate, rule: DecisionRule) -> tuple[Verdict, str]:
    if rule.accept_thresholds is None:
        return "accept", "No operating point has been chosen: every answer is accepted."
    threshold = rule.accept_thresholds[index]
    if first.probability >= threshold:
        return "accept", f"{first.probability:.4f} reaches the threshold {threshold:.4f} of '{first.label}'."
    return "review", f"{first.probability:.4f} is below the threshold {threshold:.4f} of '{first.label}'."
