"""Which calibration: the simplest that no other beats by more than chance, by likelihood on rows it has not seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.errors import DatasetError
from sightline.evaluation.blocks import calibrated_probabilities, require_finite, row_blocks
from sightline.evaluation.calibrating.errors import calibration_errors
from sightline.evaluation.calibrating.folds import group_numbers, held_out, random_folds, rows_of
from sightline.evaluation.calibrating.isotonic import fit_isotonic
from sightline.evaluation.calibrating.macro import macro_f1
from sightline.evaluation.calibrating.platt import FEWEST, fit_platt
from sightline.evaluation.calibrating.prior import fit_prior_shift
from sightline.evaluation.calibrating.temperature import fit_temperature
from sightline.evaluation.calibrating.vector import fit_vector_scaling
from sightline.evaluation.likelihood import pair_losses, row_losses
from sightline.records import (
    BeforeAfter,
    Calibration,
    CalibrationCandidate,
    CalibrationReport,
    DecisionRule,
    FittedOn,
    Scores,
    Temperature,
    activation_of,
)

_FOLDS = 5
_ROWS_A_CLASS = 10
_VECTOR_CELLS = 1_000_000
_FEWEST_FOR_CURVE = 30

FEWEST_INDEPENDENT = 20
"""Independent images from which on some are held out to judge a fit; see docs/decision.md."""

_FITS: dict[str, Callable[[Scores], Calibration]] = {
    "none": lambda _: Temperature(),
    "temperature": lambda scores: Temperature(value=fit_temperature(scores)),
    "prior": fit_prior_shift,
    "vector": fit_vector_scaling,
    "platt": fit_platt,
    "isotonic": fit_isotonic,
}


@dataclass(frozen=True)
class Calibrated:
    """A calibration with the report on its choice."""

    calibration: Calibration
    report: CalibrationReport


def fit_calibration(
    scores: Scores,
    *,
    groups: Sequence[str | None] | None = None,
    split: str = "calibration",
    chose_epoch: bool = False,
    seed: int = 0,
) -> Calibrated:
    """Fit every kind that the task and the number of rows allow, and choose.

    Five folds, by group where there are groups; on each the negative log-likelihood of a fit on the other four. Kinds
    are taken by complexity, and one replaces a simpler one if it is better by more than the standard error of the
    difference, which is taken over groups. Vector scaling, which may change answers, must also not lower the macro-F1
    of the network's own answers. The chosen kind is then fitted on all rows. `before` and `after` of the
    report are measured on the folds held out, so that no row judges a fit that saw it.

    Raises:
        DatasetError: there is no row, or a logit is NaN or infinite.
    """
    if len(scores.ids) == 0:
        raise DatasetError(
            "There is no scored sample, so there is nothing to calibrate on. Score a labelled set."
        )
    require_finite(scores)
    numbers = group_numbers(groups, len(scores.ids))
    kinds, notices = allowed_kinds(scores, numbers)
    candidates: list[CalibrationCandidate] = []
    measured: tuple[BeforeAfter, ...] = ()
    chosen = kinds[0]
    if len(np.unique(numbers)) >= FEWEST_INDEPENDENT:
        folds = random_folds(numbers, _FOLDS, seed)
        fits = _fits(scores, folds, kinds)
        chosen, candidates, more = _choose(scores, numbers, folds, fits)
        notices = (*notices, *more)
        measured = (_measure_held_out(scores, folds, fits[chosen], split),)
    fitted_on = FittedOn(
        split=split,
        images=len(scores.ids),
        groups=None if groups is None else len(np.unique(numbers)),
        chose_epoch=chose_epoch,
    )
    report = CalibrationReport(
        fitted_on=fitted_on,
        chosen=chosen,
        candidates=tuple(candidates),
        measured=measured,
        notices=(*notices, *_on_the_split(fitted_on)),
    )
    return Calibrated(_FITS[chosen](scores), report)


def fit_kind(kind: str, scores: Scores) -> Calibration:
    """Fit one kind, chosen before, to scores."""
    return _FITS[kind](scores)


def measure_calibration(scores: Scores, calibration: Calibration, split: str) -> BeforeAfter:
    """The errors before and after on images that the calibration was not fitted on."""
    activation = activation_of(scores.task)
    before, after = (
        calibration_errors(
            calibrated_probabilities(scores, DecisionRule(activation=activation, calibration=one)),
            scores.targets,
        )
        for one in (Temperature(), calibration)
    )
    return BeforeAfter(split=split, images=len(scores.ids), before=before, after=after)


def allowed_kinds(scores: Scores, groups_n: NDArray[np.int64]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The kinds that there are rows enough for, the simpler first, and a sentence for each that is left out."""
    rows, classes = scores.logits.shape
    independent = len(np.unique(groups_n))
    if independent < FEWEST_INDEPENDENT:
        return ("none",), (
            f"Nothing was calibrated: {independent} independent images are too few to learn from, "
            f"{FEWEST_INDEPENDENT} are needed. Probabilities are as the network says.",
        )
    if scores.task == "multiclass":
        needed = _ROWS_A_CLASS * classes
        if independent < needed:
            return ("none", "temperature", "prior"), (
                f"Vector scaling was not tried: it has {2 * classes} parameters, and {independent} independent "
                f"images are fewer than {needed}.",
            )
        if scores.logits.size > _VECTOR_CELLS:
            return ("none", "temperature", "prior"), (
                f"Vector scaling was not tried: {rows:,} × {classes:,} logits are many.",
            )
        return ("none", "temperature", "prior", "vector"), ()
    positives = scores.multi_hot.sum(axis=0, dtype=np.int64)
    rarest = int(np.minimum(positives, rows - positives).min())
    if rarest < _FEWEST_FOR_CURVE:
        named = scores.labels[int(np.minimum(positives, rows - positives).argmin())]
        few = [label for label, n in zip(scores.labels, positives, strict=True) if min(n, rows - n) < FEWEST]
        notices = [
            f"Isotonic curves were not tried: '{named}' is true of, or missing from, only {rarest} images, and "
            f"{_FEWEST_FOR_CURVE} are needed."
        ]
        if few:
            notices.append(
                f"Platt's fit keeps the common temperature for {len(few)} labels with fewer than {FEWEST} images, "
                f"'{few[0]}' for instance."
            )
        return ("none", "temperature", "platt"), tuple(notices)
    return ("none", "temperature", "platt", "isotonic"), ()


Fits = Mapping[str, Sequence[Calibration]]
"""Of each kind, the fit on all folds but one, fold by fold."""


def _choose(
    scores: Scores, groups_n: NDArray[np.int64], folds_n: NDArray[np.int64], fits: Fits
) -> tuple[str, list[CalibrationCandidate], tuple[str, ...]]:
    losses = {kind: _losses_held_out(scores, folds_n, of_kind) for kind, of_kind in fits.items()}
    notices: tuple[str, ...] = ()
    chosen, *others = fits
    candidates = [CalibrationCandidate(kind=chosen, loss=float(losses[chosen].mean()))]
    for kind in others:
        gains = losses[chosen] - losses[kind]
        gain, error = float(gains.mean()), standard_error(gains, groups_n)
        candidates.append(
            CalibrationCandidate(kind=kind, loss=float(losses[kind].mean()), gain=gain, gain_error=error)
        )
        if gain <= error:
            continue
        if kind == "vector" and _lowers_f1(scores, folds_n, fits[kind]):
            notices = (
                "Vector scaling was not taken: its answers have a lower macro-F1 than the network's own.",
            )
            continue
        chosen = kind
    return chosen, candidates, notices


def _fits(scores: Scores, folds_n: NDArray[np.int64], kinds: Sequence[str]) -> Fits:
    parts = [rows_of(scores, outside) for outside, _ in held_out(folds_n)]
    return {kind: [_FITS[kind](part) for part in parts] for kind in kinds}


def _lowers_f1(scores: Scores, folds_n: NDArray[np.int64], fits: Sequence[Calibration]) -> bool:
    """Whether vector scaling, fitted on the other folds, answers worse than the network itself."""
    plain = scores.logits.argmax(axis=1)
    changed = plain.copy()
    for (_, inside), calibration in zip(held_out(folds_n), fits, strict=True):
        changed[inside] = calibration.calibrated(scores.logits[inside]).argmax(axis=1)
    before, after = (macro_f1(one, scores.classes, len(scores.labels)) for one in (plain, changed))
    return after < before


def _losses_held_out(
    scores: Scores, folds_n: NDArray[np.int64], fits: Sequence[Calibration]
) -> NDArray[np.float64]:
    losses = np.empty(len(scores.ids))
    for (_, inside), calibration in zip(held_out(folds_n), fits, strict=True):
        losses[inside] = _row_losses(rows_of(scores, inside), calibration)
    return losses


def _row_losses(scores: Scores, calibration: Calibration) -> NDArray[np.float64]:
    """−log p(truth) of each row; multilabel: the mean over its labels."""
    losses = np.empty(len(scores.ids))
    for block in row_blocks(scores):
        if scores.task == "multiclass":
            losses[block] = row_losses(scores.logits[block], scores.classes[block], calibration)
        else:
            pairs = pair_losses(scores.logits[block], scores.multi_hot[block], calibration)
            losses[block] = pairs.mean(axis=1)
    return losses


def _measure_held_out(
    scores: Scores, folds_n: NDArray[np.int64], fits: Sequence[Calibration], split: str
) -> BeforeAfter:
    activation = activation_of(scores.task)
    after = np.empty(scores.logits.shape)
    for (_, inside), calibration in zip(held_out(folds_n), fits, strict=True):
        rule = DecisionRule(activation=activation, calibration=calibration)
        after[inside] = calibrated_probabilities(rows_of(scores, inside), rule)
    before = calibrated_probabilities(scores, DecisionRule(activation=activation))
    return BeforeAfter(
        split=f"{split}, folds held out",
        images=len(scores.ids),
        before=calibration_errors(before, scores.targets),
        after=calibration_errors(after, scores.targets),
    )


def standard_error(values_n: NDArray[np.float64], groups_n: NDArray[np.int64]) -> float:
    """Of the mean of values that come in groups: by the sums of deviations of each group (cluster-robust)."""
    sums = np.bincount(groups_n, weights=values_n - values_n.mean())
    sums = sums[np.bincount(groups_n) > 0]
    if len(sums) < 2:
        return float("inf")
    return float(np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()) / len(values_n))


def _on_the_split(fitted_on: FittedOn) -> tuple[str, ...]:
    if not fitted_on.chose_epoch:
        return ()
    return (
        f"There is no calibration split: the fit is on {fitted_on.split}, which also chose the epoch. What is expected "
        "from it is too good; go by the test split. Give the data a calibration split, or run `sightline calibrate` on "
        "other images.",
    )
