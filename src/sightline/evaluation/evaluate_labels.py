"""Every figure of one engine where any number of labels is true of a picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.average_precision import ranking_column
from sightline.evaluation.blocks import require_judgeable, row_blocks
from sightline.evaluation.calibration import BIN_COUNT, ReliabilityBin, confidence_bins
from sightline.evaluation.intervals import Floats
from sightline.evaluation.likelihood import pair_losses
from sightline.evaluation.multilabel import (
    LabelFigures,
    MultilabelEvaluation,
    multilabel_figures,
    weighted_shares,
)
from sightline.evaluation.per_class import shares_of_counts
from sightline.evaluation.ranking import RankedClass, Ranking, rank_classes, with_thresholds
from sightline.evaluation.resampled import class_intervals, class_units, known_shares, share_estimate
from sightline.evaluation.resampling import Sampling, bootstrap_estimate, gap_estimate
from sightline.records import DecisionRule, Estimate, Scores, require_task

_MEANS = ("exact_match", "hamming_loss", "negative_log_likelihood", "brier_score")
_SHARES = tuple(
    f"{mean}_{name}" for mean in ("micro", "macro", "weighted") for name in ("precision", "recall", "f1")
)
_MOST_PRODUCTS = 150_000_000_000
_FEWEST_RESAMPLES = 200
_ROWS_AT_ONCE = 1 << 21


def evaluate_multilabel(
    scores: Scores, rule: DecisionRule, sampling: Sampling | None = None
) -> MultilabelEvaluation:
    """Take every figure from multilabel scores under a sigmoid rule; a pure function of its arguments.

    sampling
        Which rows are independent. With it figures have intervals, and those of ranking are taken as well.

    Raises:
        DatasetError: there is no row, a logit is NaN or infinite, or scores or rule are multiclass.
    """
    require_task("multilabel", scores=scores.task, rule=rule.task)
    require_judgeable(scores)
    quick = multilabel_figures(scores, rule)
    if sampling is None:
        return quick
    rows = _read_rows(scores, rule)
    ranking = rank_classes(
        lambda index: (
            ranking_column(rule.calibration, index, np.ascontiguousarray(scores.logits[:, index])),
            scores.multi_hot[:, index] == 1,
        ),
        len(scores.labels),
        quick.count,
        sampling,
    )
    drawn = _draw(scores, rows, sampling)
    intervals = _overall(quick, rows, drawn, sampling)
    for name, one in (("map", ranking.map), ("roc_auc", ranking.roc_auc)):
        intervals |= {} if one is None else {name: one}
    return quick.model_copy(
        update={
            "roc_auc": None if ranking.roc_auc is None else ranking.roc_auc.value,
            "classwise_calibration_error": float(rows.label_errors.mean()),
            "intervals": intervals,
            "per_label": _labels_with(scores, rule, quick, rows, ranking, drawn.labels, sampling),
            "reliability": _bins_with(quick.reliability, rows, drawn.bins, sampling),
            "units": sampling.count(quick.count),
            "sampling": sampling.said,
        }
    )


@dataclass(frozen=True, eq=False)
class _Rows:
    """What each row says.

    means
        float64 `[N, 4]`: every label right, share of labels wrong, mean loss, mean squared error.
    gaps, pairs
        float64 `[N, 15]`: Σ (p − y) over the labels whose probability lies in each bin; how many those are.
    true
        float64 `[N, 15]`: and how many of them are true.
    label_errors
        float64 `[C]`: the calibration error of each label.
    claimed
        bool `[N, C]`: which labels are held for true.
    """

    means: Floats
    gaps: Floats
    pairs: Floats
    true: Floats
    label_errors: Floats
    claimed: NDArray[np.bool_]


def _read_rows(scores: Scores, rule: DecisionRule) -> _Rows:
    count, labels = scores.logits.shape
    means = np.empty((count, len(_MEANS)))
    gaps, pairs, true = (np.empty((count, BIN_COUNT)) for _ in range(3))
    by_label = np.zeros(labels * BIN_COUNT)
    claimed = np.empty((count, labels), np.bool_)
    for block in row_blocks(scores):
        probabilities, truth = rule.probabilities(scores.logits[block]), scores.multi_hot[block] == 1
        claimed[block] = rule.present(probabilities)
        wrong = (claimed[block] != truth).sum(axis=1)
        gap, bins = probabilities - truth, confidence_bins(probabilities.ravel())
        loss = pair_losses(scores.logits[block], scores.multi_hot[block], rule.calibration)
        means[block] = np.stack(
            [wrong == 0, wrong / labels, loss.mean(axis=1), (gap**2).mean(axis=1)], axis=1
        )
        cells = np.repeat(np.arange(len(gap)), labels) * BIN_COUNT + bins
        for table, weights in ((gaps, gap.ravel()), (pairs, None), (true, truth.ravel())):
            table[block] = np.bincount(cells, weights, len(gap) * BIN_COUNT).reshape(-1, BIN_COUNT)
        label = np.tile(np.arange(labels), len(gap))
        by_label += np.bincount(label * BIN_COUNT + bins, gap.ravel(), labels * BIN_COUNT)
    errors = np.abs(by_label.reshape(labels, BIN_COUNT)).sum(axis=1) / count
    return _Rows(means, gaps, pairs, true, errors, claimed)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Figures of B resamples.

    means
        float64 `[B, 4]`: those of `_Rows.means`.
    gaps
        float64 `[B, 15]`: Σ (p − y) of each bin, by the number of pairs.
    shares
        float64 `[B, 9]`: precision, recall and F1; micro, macro and weighted.
    bins
        float64 `[B, 15]`: the share of each bin's pairs that are true.
    labels
        float32 `[B, 3, C]`: precision, recall and F1 of each label; only with groups.
    """

    means: Floats
    gaps: Floats
    shares: Floats
    bins: Floats
    labels: NDArray[np.float32] | None


def _draw(scores: Scores, rows: _Rows, sampling: Sampling) -> _Drawn:
    """Of very many labels fewer than the usual resamples are drawn, at least 200."""
    count, labels = scores.logits.shape
    weights = sampling.few_weights(
        count, max(_FEWEST_RESAMPLES, _MOST_PRODUCTS // (3 * count * labels))
    ).astype(np.float32)

    def summed(values_nk: Floats) -> Floats:
        units = np.stack([sampling.sums(column) for column in values_nk.T], axis=1)
        return np.asarray(weights @ units, np.float64)

    size = summed(np.ones((count, 1)))
    true, pairs = summed(rows.true), summed(rows.pairs)
    counts = drawn_label_counts(scores, rows.claimed, weights, sampling)
    each = [known_shares(shares_of_counts(*one), (one[0], one[1], one[2])) for one in counts]
    return _Drawn(
        summed(rows.means) / size,
        summed(rows.gaps) / (size * labels),
        np.array([_shares(one) for one in counts]),
        np.where(pairs > 0, true / np.maximum(pairs, 1), np.nan),
        np.stack(each) if sampling.grouped else None,
    )


def drawn_label_counts(
    scores: Scores, claimed_nc: NDArray[np.bool_], weights_bu: NDArray[np.float32], sampling: Sampling
) -> Floats:
    """Right claims, support and claims of each label in each resample, float64 `[B, 3, C]`."""
    count, labels = scores.logits.shape
    found = np.zeros((len(weights_bu), 3 * labels))
    step = max(1, _ROWS_AT_ONCE // labels)
    for start in range(0, count, step):
        block = slice(start, min(start + step, count))
        truth = scores.multi_hot[block] == 1
        cells = np.concatenate(
            [claimed_nc[block] & truth, truth, claimed_nc[block]], axis=1, dtype=np.float32
        )
        found += weights_bu[:, sampling.rows_to_units(block)] @ cells
    return found.reshape(len(weights_bu), 3, labels)


def _shares(counts_kc: Floats) -> list[float]:
    micro = shares_of_counts(*counts_kc.sum(axis=1, keepdims=True))
    each = np.stack(shares_of_counts(*counts_kc))
    seen = (counts_kc[1] > 0) | (counts_kc[2] > 0)
    macro = each[:, seen].mean(axis=1).tolist() if seen.any() else [0.0] * 3
    macro[1] = float(each[1, counts_kc[1] > 0].mean()) if counts_kc[1].any() else 0.0
    return [*(float(one[0]) for one in micro), *macro, *weighted_shares(each.T, counts_kc[1])]


def _overall(
    quick: MultilabelEvaluation, rows: _Rows, drawn: _Drawn, sampling: Sampling
) -> dict[str, Estimate]:
    units = sampling.count(quick.count)
    found = {
        name: bootstrap_estimate(getattr(quick, name), drawn.shares[:, at], units)
        for at, name in enumerate(_SHARES)
    }
    found |= {
        name: bootstrap_estimate(getattr(quick, name), drawn.means[:, at], units, share=at < 2)
        for at, name in enumerate(_MEANS)
    }
    right = int(rows.means[:, 0].sum())
    found["exact_match"] = share_estimate(right, quick.count, drawn.means[:, 0], units, sampling)
    found["expected_calibration_error"] = gap_estimate(
        rows.gaps.sum(axis=0) / (quick.count * len(quick.labels)), drawn.gaps
    )
    return {name: one for name, one in found.items() if one is not None}


def _labels_with(
    scores: Scores,
    rule: DecisionRule,
    quick: MultilabelEvaluation,
    rows: _Rows,
    ranking: Ranking,
    drawn_bkc: NDArray[np.float32] | None,
    sampling: Sampling,
) -> tuple[LabelFigures, ...]:
    truth = scores.multi_hot == 1
    counts = tuple(one.sum(axis=0) for one in (truth & rows.claimed, truth, rows.claimed))
    units = None
    if sampling.grouped:
        units = class_units(_cells(truth), _cells(rows.claimed), len(scores.labels), sampling)
    intervals = class_intervals((counts[0], counts[1], counts[2]), units, drawn_bkc, sampling)
    return tuple(
        _label_with(rule, len(scores.labels), index, *parts)
        for index, parts in enumerate(
            zip(quick.per_label, ranking.classes, rows.label_errors.tolist(), intervals, strict=True)
        )
    )


def _label_with(
    rule: DecisionRule,
    labels: int,
    index: int,
    figures: LabelFigures,
    ranked: RankedClass,
    calibration_error: float,
    intervals: dict[str, Estimate],
) -> LabelFigures:
    more = {"average_precision": ranked.average_precision, "roc_auc": ranked.roc_auc}
    return figures.model_copy(
        update={
            "roc_auc": None if ranked.roc_auc is None else ranked.roc_auc.value,
            "calibration_error": calibration_error,
            "curve": with_thresholds(ranked.cuts, _thresholds(rule, labels, index, ranked)),
            "intervals": intervals | {name: one for name, one in more.items() if one is not None},
        }
    )


def _thresholds(rule: DecisionRule, labels: int, index: int, ranked: RankedClass) -> list[float]:
    """The calibrated probability at each cut of the curve; see `ranking_column`."""
    cuts = [cut.threshold for cut in ranked.cuts]
    if rule.calibration.kind == "isotonic":
        return cuts
    # Each label's probability depends on its own logit alone.
    logits = np.zeros((len(cuts), labels), np.float32)
    logits[:, index] = cuts
    found: list[float] = rule.probabilities(logits)[:, index].tolist()
    return found


def _cells(flags_nc: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, labels = np.nonzero(flags_nc)
    return rows.astype(np.int64), labels.astype(np.int64)


def _bins_with(
    bins: tuple[ReliabilityBin, ...], rows: _Rows, drawn_bk: Floats, sampling: Sampling
) -> tuple[ReliabilityBin, ...]:
    """Pairs of one picture are not independent, so that pictures are drawn here in any case."""
    there = np.stack([sampling.sums(column) for column in rows.pairs.T])
    units = np.count_nonzero(there, axis=1)
    return tuple(
        one.model_copy(
            update={
                "interval": bootstrap_estimate(one.accuracy or 0.0, drawn_bk[:, index], int(units[index]))
            }
        )
        for index, one in enumerate(bins)
    )
