"""Choosing a score on held-out pictures of the usual kind and generated outliers, never on real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Reference
from sightline.evaluation import outlier_auroc
from sightline.inference import NearestImages, OutlierScorer, SingleScores
from sightline.lifecycle.strangers.generate import EMPTY
from sightline.lifecycle.strangers.threshold import HeldOut, promise
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
MIXED: Final[tuple[SingleScore, ...]] = ("energy", "mahalanobis", "knn")
Method = Literal[OutlierScore, "auto", "none"]

_SAME = 3
"""Decimals of a mean AUROC beyond which two scores are the same."""
_LEAST_SPREAD = 1e-9

Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Logits float32 `[N, C]` and embeddings float32 `[N, D]`."""


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

    `auto` takes the score of `best_of`.
    """
    scorers = fit_scorers(wanted, reference, held_out)
    figures = tuple(_measure(scorer, held_out.scores, outliers) for scorer in scorers.values())
    best = best_of(figures)
    method = wanted.method
    chosen = None if method == "none" else best.kind if method == "auto" else method
    kept = promise(len(held_out.scores.logits), wanted.false_alarm_rate)
    low, high = kept.interval
    choice = OutlierChoice(
        chosen=chosen,
        reason=_reason(method, chosen, best, figures),
        held_out=kept.count,
        held_out_groups=held_out.groups,
        held_out_split=held_out.split,
        false_alarm_rate=wanted.false_alarm_rate,
        promised_rate=kept.rate,
        rate_low=low,
        rate_high=high,
        outliers={kind: len(logits) for kind, (logits, _) in outliers.items()},
        figures=figures,
    )
    return (None if chosen is None else scorers[chosen].rule), choice


def best_of(figures: Sequence[OutlierFigures]) -> OutlierFigures:
    """The score that lets the fewest noise and blank pictures pass at its threshold; of several the one with the
    highest mean AUROC over the kinds of outliers, each of which counts the same; of equals the first.
    """
    return min(figures, key=lambda one: (one.empty_accepted, -round(one.mean_auroc, _SAME)))


def fit_scorers(wanted: Wanted, reference: Reference, held_out: HeldOut) -> dict[OutlierScore, OutlierScorer]:
    """A scorer of every kind, with its threshold, in the order of `CANDIDATES`."""
    nearest = NearestImages(reference)
    scores = held_out.scores
    singles = SingleScores(reference, nearest, wanted.neighbours)
    parts = tuple(_fit_part(kind, singles, scores) for kind in MIXED)
    kept = promise(len(scores.logits), wanted.false_alarm_rate)
    fitted = {}
    for kind in CANDIDATES:
        rule = OutlierRule(
            kind=kind,
            threshold=0.0,
            false_alarm_rate=wanted.false_alarm_rate,
            promised_rate=kept.rate,
            held_out=kept.count,
            held_out_split=held_out.split,
            neighbours=wanted.neighbours,
            parts=parts if kind == "mix" else (),
        )
        own = OutlierScorer(rule, reference, nearest).scores(scores.logits, scores.embeddings)
        rule = rule.model_copy(update={"threshold": kept.threshold(own)})
        fitted[kind] = OutlierScorer(rule, reference, nearest)
    return fitted


def _fit_part(kind: SingleScore, singles: SingleScores, scores: Scores) -> MixPart:
    """Centre and spread on the held-out pictures: those of training images are too tight for fresh ones."""
    values = singles.score(kind, scores.logits, scores.embeddings)
    return MixPart(kind=kind, centre=float(values.mean()), spread=max(float(values.std()), _LEAST_SPREAD))


def _measure(scorer: OutlierScorer, usual: Scores, outliers: Mapping[str, Outputs]) -> OutlierFigures:
    own = scorer.scores(usual.logits, usual.embeddings)
    strange = {kind: scorer.scores(*outputs) for kind, outputs in outliers.items()}
    auroc = {kind: outlier_auroc(own, values) for kind, values in strange.items()}
    accepted = {kind: int((values <= scorer.rule.threshold).sum()) for kind, values in strange.items()}
    return OutlierFigures(
        kind=scorer.rule.kind,
        mean_auroc=float(np.mean(list(auroc.values()))),
        threshold=scorer.rule.threshold,
        empty_accepted=sum(count for kind, count in accepted.items() if kind in EMPTY),
        auroc=auroc,
        accepted=accepted,
    )


def _reason(
    method: Method, chosen: OutlierScore | None, best: OutlierFigures, figures: Sequence[OutlierFigures]
) -> str:
    if chosen is None:
        return f"None is wanted: no picture is rejected as strange. '{best.kind}' would be the best."
    own = next(one for one in figures if one.kind == chosen)
    empty = f"{own.empty_accepted} noise or blank accepted"
    evidence = f"mean AUROC {own.mean_auroc:.3f} against generated outliers, {empty}"
    if method == "auto":
        return f"'{chosen}' separates best: {evidence}."
    return (
        f"'{chosen}' is what the recipe names: {evidence}; the best is '{best.kind}', {best.mean_auroc:.3f}."
    )
