"""The gate of a variant: is it as good as the reference, on pictures that training has not seen?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.calibrating import calibration_errors
from sightline.evaluation.comparison import Comparison, compare
from sightline.evaluation.resampling import Sampling
from sightline.records import DecisionRule, Estimate, Frozen, Scores


@dataclass(frozen=True)
class Limits:
    """What a variant may lose.

    max_drop
        Of accuracy, in [0, 1]; with several labels of the share of pictures with all labels right.
    max_recall_drop
        Of any class's recall, in [0, 1].
    """

    max_drop: float = 0.005
    max_recall_drop: float = 0.02


class Gate(Frozen):
    """A variant against the reference on the same held-out pictures, each with the decision fitted to it.

    images, units
        Pictures, and how many independent things they show.
    accuracy, drop
        Its own, and by how much that is below the reference's; the interval of `drop` is that of a paired difference.
    label_agreement
        Share of the pictures with the same answer.
    mean_probability_difference, max_probability_difference
        |Δp| of the calibrated probabilities, over all pictures and labels.
    worst_class, worst_recall_change
        The class whose recall falls most, and by how much it changes; None where none has a picture.
    calibration_error, reference_calibration_error
        Expected calibration error of both after their own calibration.
    golden
        Largest |Δ| of a logit or an embedding's value of a golden image, as a share of the largest of that image (at
        least 1).
    objections
        Why it is not let through, a sentence each; none: it is.
    """

    images: int
    units: int
    accuracy: float
    drop: Estimate
    label_agreement: float
    mean_probability_difference: float
    max_probability_difference: float
    worst_class: str | None
    worst_recall_change: float | None
    calibration_error: float
    reference_calibration_error: float
    golden: float
    objections: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing is held against it."""
        return not self.objections


@dataclass(frozen=True)
class Answering:
    """An engine's outputs for the held-out pictures, its outputs for the golden ones, and the decision on both.

    golden
        Logits float32 `[n, C]` and embeddings float32 `[n, D]`.
    """

    scores: Scores
    rule: DecisionRule
    golden: tuple[NDArray[np.float32], NDArray[np.float32]]


def judge_variant(
    variant: Answering, reference: Answering, sampling: Sampling, limits: Limits, *, golden: float = 0.0
) -> Gate:
    """Compare a variant with the reference; `golden` is what `golden_apart` gives.

    The limits are on what was seen, not on the ends of intervals: from 300 pictures no drop of less than a hundredth
    could be ruled out. The interval says what the pictures can tell.
    """
    if not all(np.isfinite(one).all() for one in (variant.scores.logits, variant.scores.embeddings)):
        raise ValueError("judge_variant needs finite outputs; see `broken`")
    found = compare(variant.scores, variant.rule, reference.scores, reference.rule, sampling)
    own, other = (one.rule.probabilities(one.scores.logits) for one in (variant, reference))
    apart = np.abs(own - other)
    same = variant.rule.decide_rows(own).present == reference.rule.decide_rows(other).present
    worst = min(
        (one for one in found.per_class if one.recall_change is not None),
        key=lambda one: one.recall_change.value if one.recall_change else 0.0,
        default=None,
    )
    change = None if worst is None or worst.recall_change is None else worst.recall_change.value
    drop = _negated(found.accuracy)
    errors = [calibration_errors(p, variant.scores.targets).expected for p in (own, other)]
    return Gate(
        images=found.count,
        units=found.units,
        accuracy=found.other_accuracy - drop.value,
        drop=drop,
        label_agreement=float(same.all(axis=1).mean()),
        mean_probability_difference=float(apart.mean()),
        max_probability_difference=float(apart.max()),
        worst_class=None if worst is None else worst.label,
        worst_recall_change=change,
        calibration_error=errors[0],
        reference_calibration_error=errors[1],
        golden=golden,
        objections=tuple(_objections(found, drop, change, limits)),
    )


Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Logits float32 `[n, C]` and embeddings float32 `[n, D]`."""


def golden_apart(given: Outputs, recorded: Outputs) -> float:
    """Largest |Δ| of logits or embeddings, as a share of each row's largest recorded one (at least 1)."""
    return max(map(_share_apart, given, recorded))


def _share_apart(given_nk: NDArray[np.float32], recorded_nk: NDArray[np.float32]) -> float:
    scale = np.maximum(1.0, np.abs(recorded_nk).max(axis=1))
    return float((np.abs(given_nk - recorded_nk).max(axis=1) / scale).max())


def _negated(gain: Estimate) -> Estimate:
    negated = {"value": 0.0 - gain.value, "low": 0.0 - gain.high, "high": 0.0 - gain.low}
    return gain.model_copy(update=negated)


def _objections(found: Comparison, drop: Estimate, change: float | None, limits: Limits) -> list[str]:
    objections = []
    if drop.value > limits.max_drop:
        objections.append(
            f"accuracy falls by {drop.value:.4f} ({drop.low:.4f} to {drop.high:.4f}), allowed are {limits.max_drop:g}"
        )
    fallen = [
        one
        for one in found.per_class
        if one.recall_change is not None
        and -one.recall_change.value > limits.max_recall_drop
        and _pictures_lost(one.support, -one.recall_change.value) > 1
    ]
    for one in fallen[:3]:
        assert one.recall_change is not None
        objections.append(
            f"recall of '{one.label}' falls by {-one.recall_change.value:.4f} on {one.support} pictures, allowed are "
            f"{limits.max_recall_drop:g}"
        )
    return objections


def _pictures_lost(support: int, fall: float) -> int:
    """One picture of a class of twenty is 0.05 of its recall, and no finding."""
    return round(support * fall)
