"""Choosing a score on held-out pictures of the usual kind and generated outliers, and its threshold on the former."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from sightline.bundle import Reference
from sightline.evaluation import outlier_auroc
from sightline.inference import NearestImages, OutlierScorer, SingleScores
from sightline.lifecycle.strangers.generate import EMPTY
from sightline.records import (
    MixPart,
    OutlierChoice,
    OutlierFigures,
    OutlierRule,
    OutlierScore,
    Scores,
    SingleScore,
)

CANDIDATES: Final[tuple[OutlierScore, ...]] = ("max_softmax", "energy", "mahalanobis", "knn", "mix")
"""The cheapest first: of equals it wins."""
MIXED: Final[tuple[SingleScore, ...]] = ("energy", "knn", "mahalanobis")
Method = Literal[OutlierScore, "auto", "none"]

_SAME = 3
"""Decimals of a mean AUROC beyond which two scores are the same."""
_LEVEL = 0.95
_LEAST_SPREAD = 1e-9

Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Logits float32 `[N, C]` and embeddings float32 `[N, D]`."""


@dataclass(frozen=True)
class HeldOut:
    """Pictures of the usual kind that nothing was fitted on; `groups`: how many things they show."""

    scores: Scores
    groups: int
    split: Literal["calibration", "val"]


@dataclass(frozen=True)
class Wanted:
    """What the recipe asks for."""

    method: Method
    false_alarm_rate: float
    neighbours: int


def choose_rule(
    wanted: Wanted, reference: Reference, held_out: HeldOut, outliers: Mapping[str, Outputs]
) -> tuple[OutlierRule | None, OutlierChoice]:
    """The rule, None where the method is `none`, and the figures that it was chosen by.

    `auto` takes the score that lets the fewest noise and blank pictures pass at its threshold, and of these the one
    with the highest mean AUROC over the kinds of outliers, each of which counts the same.
    """
    rules = {kind: _fit_rule(kind, wanted, reference, held_out) for kind in CANDIDATES}
    figures = tuple(_measure(rules[kind], reference, held_out.scores, outliers) for kind in CANDIDATES)
    best = min(figures, key=lambda one: (one.empty_accepted, -round(one.mean_auroc, _SAME)))
    method = wanted.method
    chosen = None if method == "none" else best.kind if method == "auto" else method
    rejected, count = _ranks(held_out, wanted)
    low, high = beta.ppf([(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], rejected, count + 1 - rejected).tolist()
    choice = OutlierChoice(
        chosen=chosen,
        reason=_reason(method, chosen, best, figures),
        held_out=count,
        held_out_groups=held_out.groups,
        held_out_split=held_out.split,
        false_alarm_rate=wanted.false_alarm_rate,
        promised_rate=rejected / (count + 1),
        rate_low=low,
        rate_high=high,
        outliers={kind: len(logits) for kind, (logits, _) in outliers.items()},
        figures=figures,
    )
    return (None if chosen is None else rules[chosen]), choice


def conformal_rank(count: int, rate: float) -> int:
    """Which of `count` ascending scores is the threshold, 1 to `count`, so that a further one is above it at most so often.

    ⌈(n + 1) (1 − α)⌉, or n where n is too small for α (Vovk, Gammerman & Shafer 2005, Algorithmic learning in a random
    world): the further score is as likely to fall into any of the n + 1 gaps.
    """
    assert count
    return min(count, math.ceil((count + 1) * (1 - rate) - 1e-9))


def caveats(choice: OutlierChoice) -> tuple[str, ...]:
    """What a reader of the choice should know, in sentences."""
    notes = []
    asked = choice.false_alarm_rate
    if choice.promised_rate > asked + 1e-12:
        notes.append(
            f"{choice.held_out} held-out pictures are too few to promise a false-alarm rate of {asked:.3g}: they promise "
            f"{choice.promised_rate:.3g}. It takes {math.ceil(1 / asked) - 1}, or a higher outliers.false_alarm_rate."
        )
    elif choice.held_out_groups < 1 / asked - 1:
        notes.append(
            f"The {choice.held_out} held-out pictures show {choice.held_out_groups} things; to hold the false-alarm rate "
            f"of {asked:.3g} for further things it takes {math.ceil(1 / asked) - 1}."
        )
    if choice.held_out_split == "val":
        notes.append(
            "The threshold for strange pictures comes from val, which also chose the epoch: expect somewhat more false "
            "alarms than promised. A calibration split has not that flaw (`sightline data split`)."
        )
    own = next((one for one in choice.figures if one.kind == choice.chosen), None)
    if own is not None and own.empty_accepted:
        made = sum(choice.outliers.get(kind, 0) for kind in EMPTY)
        notes.append(
            f"{own.empty_accepted} of {made} noise and blank pictures would be accepted: this network hardly tells them "
            "from its own. A pretrained backbone, more training, or a higher outliers.false_alarm_rate helps."
        )
    return tuple(notes)


def _ranks(held_out: HeldOut, wanted: Wanted) -> tuple[int, int]:
    """How many of the gaps between the held-out scores lie above the threshold, and how many scores there are."""
    count = len(held_out.scores.logits)
    return count + 1 - conformal_rank(count, wanted.false_alarm_rate), count


def _fit_rule(kind: OutlierScore, wanted: Wanted, reference: Reference, held_out: HeldOut) -> OutlierRule:
    scores, nearest = held_out.scores, NearestImages(reference, held_out.scores.labels)
    rejected, count = _ranks(held_out, wanted)
    singles = SingleScores(reference, nearest, wanted.neighbours)
    rule = OutlierRule(
        kind=kind,
        threshold=0.0,
        false_alarm_rate=wanted.false_alarm_rate,
        promised_rate=rejected / (count + 1),
        held_out=count,
        held_out_split=held_out.split,
        neighbours=wanted.neighbours,
        parts=tuple(_fit_part(part, singles, scores) for part in MIXED) if kind == "mix" else (),
    )
    own = np.sort(OutlierScorer(rule, reference, nearest).scores(scores.logits, scores.embeddings))
    return rule.model_copy(update={"threshold": float(own[count - rejected])})


def _fit_part(kind: SingleScore, singles: SingleScores, scores: Scores) -> MixPart:
    values = singles.score(kind, scores.logits, scores.embeddings)
    return MixPart(
        kind=kind, centre=float(values.mean()), spread=max(float(values.std()), _LEAST_SPREAD)
    )


def _measure(
    rule: OutlierRule, reference: Reference, usual: Scores, outliers: Mapping[str, Outputs]
) -> OutlierFigures:
    scorer = OutlierScorer(rule, reference, NearestImages(reference, usual.labels))
    own = scorer.scores(usual.logits, usual.embeddings)
    strange = {kind: scorer.scores(*outputs) for kind, outputs in outliers.items()}
    auroc = {kind: outlier_auroc(own, values) for kind, values in strange.items()}
    accepted = {kind: int((values <= rule.threshold).sum()) for kind, values in strange.items()}
    return OutlierFigures(
        kind=rule.kind,
        mean_auroc=float(np.mean(list(auroc.values()))),
        threshold=rule.threshold,
        empty_accepted=sum(count for kind, count in accepted.items() if kind in EMPTY),
        auroc=auroc,
        accepted=accepted,
    )


def _reason(
    method: Method, chosen: OutlierScore | None, best: OutlierFigures, figures: Sequence[OutlierFigures]
) -> str:
    if chosen is None:
        return f"None is wanted: no picture is rejected as strange. `{best.kind}` would be the best."
    own = next(one for one in figures if one.kind == chosen)
    evidence = f"mean AUROC {own.mean_auroc:.3f} against generated outliers, {own.empty_accepted} noise or blank accepted"
    if method == "auto":
        return f"`{chosen}` separates best: {evidence}."
    return f"`{chosen}` is what the recipe names: {evidence}; the best is `{best.kind}`, {best.mean_auroc:.3f}."
