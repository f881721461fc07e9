"""Each candidate on the same pictures: its outputs, the decision fitted to them, and its gate."""

import os
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Bundle, Manifest
from sightline.evaluation.intervals import wilson
from sightline.evaluation.operating import Wishes, check_wishes
from sightline.evaluation.resampling import Sampling, bootstrap_estimate
from sightline.inference import Engine, OutlierScorer, open_nearest, read_golden, run_in_batches
from sightline.lifecycle.calibrate import FITTED, section_of
from sightline.lifecycle.decision import fit_on
from sightline.lifecycle.judge import sampling_for
from sightline.lifecycle.optimizing.candidates import Candidate
from sightline.lifecycle.optimizing.gate import Answering
from sightline.lifecycle.optimizing.material import Judging, Material
from sightline.lifecycle.strangers import promise
from sightline.records import DecisionRule, Estimate, OutlierRule, Scores


@dataclass(frozen=True)
class Tried:
    """A candidate with what it answered.

    test
        Accuracy on the test pictures; None where there are none.
    broken
        Why it cannot be judged; "" where it can.
    """

    candidate: Candidate
    answering: Answering | None
    test: Estimate | None
    broken: str = ""


class Judge:
    """Has candidates of one bundle answer the held-out pictures."""

    def __init__(self, bundle: Bundle, material: Material) -> None:
        self._bundle = bundle
        self._material = material
        self._wishes = _wishes_of(bundle)
        self._golden = read_golden(bundle)[1].pixels
        self._nearest = None if bundle.sealed.decision.outliers is None else open_nearest(bundle)

    def answer(self, candidate: Candidate) -> Tried:
        """Run a candidate over all pictures and fit the decision to what it gives."""
        engine = candidate.open(os.cpu_count() or 1)
        scores = score_pictures(engine, self._material.gate, self._bundle.manifest)
        golden = run_in_batches(engine, self._golden)
        if not all(np.isfinite(one).all() for one in (scores.logits, scores.embeddings, *golden)):
            return Tried(candidate, None, None, "some of its outputs are no numbers")
        rule = self._fit(scores)
        test = None
        if self._material.test is not None:
            test = accuracy_of(
                score_pictures(engine, self._material.test, self._bundle.manifest),
                rule,
                sampling_for(self._material.test.dataset),
            )
        return Tried(candidate, Answering(scores, rule, golden), test)

    def _fit(self, scores: Scores) -> DecisionRule:
        old, material = self._bundle.sealed.decision, self._material
        outliers, scorer = old.outliers, None
        if outliers is not None and self._nearest is not None:
            known = self._nearest.reference
            seen = OutlierScorer(outliers, known, self._nearest).scores(scores.logits, scores.embeddings)
            outliers = _with_threshold(outliers, seen)
            scorer = OutlierScorer(outliers, known, self._nearest)
        fitted = fit_on(
            scores,
            material.gate.dataset,
            self._wishes,
            split=material.split,
            chose_epoch=material.chose_epoch,
            scorer=scorer,
        )
        new = {name: getattr(fitted.rule, name) for name in FITTED}
        return old.model_copy(update={**new, "outliers": outliers})


def score_pictures(engine: Engine, part: Judging, manifest: Manifest) -> Scores:
    """What an engine gives for labelled pictures, with what is true of them."""
    logits, embeddings = run_in_batches(engine, part.pixels)
    targets = (
        part.dataset.targets(manifest.labels)
        if manifest.task == "multiclass"
        else part.dataset.multi_hot(manifest.labels)
    )
    ids = tuple(sample.path for sample in part.dataset.samples)
    return Scores(logits, embeddings, targets, ids, manifest.labels)


def _wishes_of(bundle: Bundle) -> Wishes:
    manifest = bundle.manifest
    wishes = replace(section_of(bundle).wishes(), costs=manifest.decision.costs)
    check_wishes(wishes, manifest.labels, manifest.task)
    return wishes


def _with_threshold(rule: OutlierRule, scores_n: NDArray[np.float64]) -> OutlierRule:
    """The same rule with the threshold that keeps its promise on these scores."""
    kept = promise(len(scores_n), rule.false_alarm_rate)
    new = {"threshold": kept.threshold(scores_n), "promised_rate": kept.rate, "held_out": kept.count}
    return rule.model_copy(update=new)


def right_rows(scores: Scores, rule: DecisionRule) -> NDArray[np.bool_]:
    """Which pictures are answered right, bool `[N]`; of several labels all must be."""
    present = rule.present(rule.probabilities(scores.logits))
    if scores.task == "multiclass":
        return np.asarray(present[np.arange(len(present)), scores.classes], np.bool_)
    return np.asarray((present == scores.multi_hot.astype(bool)).all(axis=1), np.bool_)


def accuracy_of(scores: Scores, rule: DecisionRule, sampling: Sampling) -> Estimate | None:
    """The share of pictures that are answered right, with its interval."""
    right = right_rows(scores, rule).astype(np.float64)
    if not sampling.grouped:
        return wilson(int(right.sum()), len(right))
    by_unit, sizes = sampling.sums(right), sampling.sums(np.ones(len(right)))
    drawn = np.concatenate(
        [weights @ by_unit / (weights @ sizes) for weights in sampling.weights(len(right))]
    )
    return bootstrap_estimate(float(right.mean()), drawn, sampling.count(len(right)))
