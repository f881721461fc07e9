"""Intervals of multiclass figures: closed forms where pictures are independent, else whole groups drawn anew."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.answers import Answers
from sightline.evaluation.calibration import BIN_COUNT, ReliabilityBin, confidence_bins, with_wilson
from sightline.evaluation.intervals import Floats, wilson, wilson_f1
from sightline.evaluation.per_class import shares_of_counts
from sightline.evaluation.resampling import (
    Sampling,
    bootstrap_estimate,
    weighted_counts,
)
from sightline.records import Estimate

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Figures of B resamples.

    means
        By name, float64 `[B]`: means over the rows.
    macro
        float64 `[B, 7]`: precision, recall, F1 and once more recall as balanced accuracy, plain means over the classes
        that occur, then precision, recall and F1 weighted by support.
    gaps
        float64 `[B, 15]`: Σ (confidence − right) of each bin, by the number of rows.
    classes
        float32 `[B, 3, C]`: precision, recall and F1, NaN where one divides by nothing; only with groups.
    bins
        float32 `[B, 15]`: accuracy of each bin; only with groups.
    """

    means: dict[str, Floats]
    macro: Floats
    gaps: Floats
    classes: NDArray[np.float32] | None
    bins: NDArray[np.float32] | None


MACRO = (
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "balanced_accuracy",
    "weighted_precision",
    "weighted_recall",
    "weighted_f1",
)


def draw(
    targets_n: Counts, answers: Answers, classes: int, rows: dict[str, Floats], sampling: Sampling
) -> Drawn:
    """Resample what a few numbers a row say; nothing is scored or ranked again.

    rows
        float64 `[N]` by name, of which the means are wanted.
    """
    sums = np.stack([sampling.sums(values) for values in rows.values()])
    size = sampling.sums(np.ones(len(targets_n)))
    bins = confidence_bins(answers.confidence)
    gap = answers.confidence - answers.right
    means, macro, gaps, by_class, by_bin = [], [], [], [], []
    for weights_bu in sampling.weights(len(targets_n)):
        means.append((weights_bu @ sums.T) / (weights_bu @ size)[:, None])
        for weights in map(sampling.of_rows, weights_bu):
            counts = _counts(targets_n, answers, weights, classes)
            shares = shares_of_counts(*counts)
            macro.append(_macro(shares, counts[1], counts[2]))
            gaps.append(np.bincount(bins, weights * gap, BIN_COUNT) / weights.sum())
            if sampling.grouped:
                by_class.append(known_shares(shares, counts))
                right, whole = (
                    np.bincount(bins, one, BIN_COUNT) for one in (weights * answers.right, weights)
                )
                by_bin.append(np.where(whole > 0, right / np.maximum(whole, 1), np.nan).astype(np.float32))
    return Drawn(
        dict(zip(rows, np.concatenate(means).T, strict=True)),
        np.array(macro),
        np.array(gaps),
        np.stack(by_class) if by_class else None,
        np.stack(by_bin) if by_bin else None,
    )


def _counts(
    targets_n: Counts, answers: Answers, weights_n: Floats, classes: int
) -> tuple[Floats, Floats, Floats]:
    right = weighted_counts(targets_n, weights_n * answers.right, classes)
    support = weighted_counts(targets_n, weights_n, classes)
    predicted = weighted_counts(answers.predicted, weights_n, classes)
    return right, support, predicted


def _macro(shares: tuple[Floats, Floats, Floats], support_c: Floats, predicted_c: Floats) -> list[float]:
    seen, true = (support_c > 0) | (predicted_c > 0), support_c > 0
    precision, recall, f1 = (
        float(one[there].mean()) for one, there in zip(shares, (seen, true, seen), strict=True)
    )
    total = support_c.sum()
    return [precision, recall, f1, recall, *(float(one @ support_c / total) for one in shares)]


def known_shares(
    shares: tuple[Floats, Floats, Floats], counts: tuple[Floats, Floats, Floats]
) -> NDArray[np.float32]:
    """Precision, recall and F1, float32 `[3, C]`; NaN where one divides by nothing."""
    _, support, predicted = counts
    wholes = (predicted, support, support + predicted)
    known = [np.where(whole > 0, share, np.nan) for share, whole in zip(shares, wholes, strict=True)]
    return np.stack(known).astype(np.float32)


def overall_intervals(
    drawn: Drawn, values: dict[str, float], right: dict[str, int], rows: int, sampling: Sampling
) -> dict[str, Estimate]:
    """Intervals of the figures over all classes, by name.

    values
        The figures themselves.
    right
        Of those that are plain shares of the rows, the count.
    """
    units = sampling.count(rows)
    drawn_by_name = {**drawn.means, **dict(zip(MACRO, drawn.macro.T, strict=True))}
    found: dict[str, Estimate | None] = {}
    for name, value in values.items():
        if name in right:
            found[name] = share_estimate(right[name], rows, drawn_by_name[name], units, sampling)
        else:
            found[name] = bootstrap_estimate(value, drawn_by_name[name], units, share=name in MACRO)
    return {name: one for name, one in found.items() if one is not None}


def share_estimate(
    part: int, whole: int, resampled_b: NDArray[np.floating], units: int, sampling: Sampling
) -> Estimate | None:
    """Wilson's interval of a share of independent rows; with groups the bootstrap's, never narrower than Wilson's.

    Few groups make the bootstrap too narrow, and pictures of one group never say more than independent ones.
    """
    plain = wilson(part, whole)
    if plain is None or not sampling.grouped:
        return plain
    found = bootstrap_estimate(plain.value, resampled_b.astype(np.float64), units)
    if found is None:
        return plain
    wider = {"low": min(found.low, plain.low), "high": max(found.high, plain.high)}
    return found.model_copy(update=wider)


def class_intervals(
    counts: tuple[Counts, Counts, Counts],
    units: tuple[Counts, Counts, Counts] | None,
    drawn_bkc: NDArray[np.float32] | None,
    sampling: Sampling,
) -> Iterator[dict[str, Estimate]]:
    """Intervals of precision, recall and F1 of each class, where it has one.

    counts
        Right answers, support and answers of each class, int64 `[C]` each.
    units, drawn_bkc
        With groups: units behind precision, recall and F1, int64 `[C]` each; their resampled values `[B, 3, C]`.
    """
    for index, (hits, true, said) in enumerate(zip(*(one.tolist() for one in counts), strict=True)):
        if drawn_bkc is None or units is None:
            each = (wilson(hits, said), wilson(hits, true), wilson_f1(hits, true, said))
        else:
            column = drawn_bkc[:, :, index].astype(np.float64)
            value = 2 * hits / max(1, true + said)
            each = (
                share_estimate(hits, said, column[:, 0], int(units[0][index]), sampling),
                share_estimate(hits, true, column[:, 1], int(units[1][index]), sampling),
                bootstrap_estimate(value, column[:, 2], int(units[2][index])),
            )
        names = ("precision", "recall", "f1")
        yield {name: one for name, one in zip(names, each, strict=True) if one is not None}


def answer_counts(targets_n: Counts, answers: Answers, classes: int) -> tuple[Counts, Counts, Counts]:
    """Right answers, support and answers of each class, int64 `[C]` each."""
    found = [one.astype(np.int64) for one in _counts(targets_n, answers, np.ones(len(targets_n)), classes)]
    return found[0], found[1], found[2]


def class_units(
    targets: tuple[Counts, Counts], answered: tuple[Counts, Counts], classes: int, sampling: Sampling
) -> tuple[Counts, Counts, Counts] | None:
    """Units with a row that was answered as each class, that is of it, and either: int64 `[C]` each.

    `targets` and `answered` are rows with their classes, int64 `[L]` each. None without groups.
    """
    if sampling.units is None:
        return None
    true, said = (sampling.units[rows] * classes + labels for rows, labels in (targets, answered))
    pairs = (np.unique(said), np.unique(true), np.unique(np.concatenate([said, true])))
    found = [np.bincount(one % classes, minlength=classes) for one in pairs]
    return found[0], found[1], found[2]


def bins_with_intervals(
    bins: tuple[ReliabilityBin, ...],
    drawn_bk: NDArray[np.float32] | None,
    confidence_n: Floats,
    sampling: Sampling,
) -> tuple[ReliabilityBin, ...]:
    """Reliability bins with the interval of each accuracy."""
    if drawn_bk is None or sampling.units is None:
        return with_wilson(bins)
    places = np.unique(sampling.units * BIN_COUNT + confidence_bins(confidence_n)) % BIN_COUNT
    units = np.bincount(places, minlength=BIN_COUNT)
    return tuple(
        one.model_copy(
            update={
                "interval": share_estimate(
                    round((one.accuracy or 0.0) * one.count),
                    one.count,
                    drawn_bk[:, index],
                    int(units[index]),
                    sampling,
                )
            }
        )
        for index, one in enumerate(bins)
    )
