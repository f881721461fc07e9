"""Two engines side by side on the same samples, with paired tests and intervals."""

from typing import NamedTuple

import numpy as np

from sightline.errors import InputError
from sightline.evaluation.comparison.answered import Answered, read_answered
from sightline.evaluation.comparison.changes import Changed, ClassChange, changed_pictures, class_changes
from sightline.evaluation.comparison.paired import paired_difference, paired_p_value
from sightline.evaluation.intervals import Floats
from sightline.evaluation.per_class import shares_of_counts
from sightline.evaluation.resampling import Sampling, bootstrap_estimate
from sightline.records import DecisionRule, Estimate, Frozen, Scores

_MOST_PRODUCTS = 100_000_000_000
_FEWEST_RESAMPLES = 200
_ROWS_AT_ONCE = 1 << 21


class Comparison(Frozen):
    """This engine against another one; differences are this one less the other, above 0 where this is better.

    With several labels a picture, it is right where all of its labels are.

    both_right, only_this, only_other, both_wrong
        Pictures.
    p_value
        Of `paired_p_value`: how easily chance alone would part the two so far, if they were equally often right.
    accuracy, macro_f1
        Differences with their intervals; `other_accuracy` and `other_macro_f1` are the other's own figures.
    worse, better
        Pictures that only the other, and that only this one has right: at most 1,000 each, the surest mistake
        first. How many there are in all is `only_other` and `only_this`.
    """

    labels: tuple[str, ...]
    count: int
    units: int
    sampling: str
    both_right: int
    only_this: int
    only_other: int
    both_wrong: int
    p_value: float
    accuracy: Estimate
    other_accuracy: float
    macro_f1: Estimate
    other_macro_f1: float
    per_class: tuple[ClassChange, ...]
    worse: tuple[Changed, ...]
    better: tuple[Changed, ...]


def compare(
    scores: Scores, rule: DecisionRule, other_scores: Scores, other_rule: DecisionRule, sampling: Sampling
) -> Comparison:
    """Compare two engines; the order of their labels may differ.

    Raises:
        InputError: the two have other labels or tasks, or were scored on other samples.
        DatasetError: no row, or a logit that is NaN or infinite.
    """
    _require_same(scores, other_scores)
    one = read_answered(scores, rule, scores.labels)
    other = read_answered(other_scores, other_rule, scores.labels)
    drawn = _drawn(one, other, sampling)
    rows, units = len(one.right), sampling.count(len(one.right))
    by_unit = sampling.sums(one.right.astype(np.float64) - other.right)
    only_this, only_other = (one.right & ~other.right), (other.right & ~one.right)
    plain = paired_difference(int(only_this.sum()), int(only_other.sum()), units)
    assert plain is not None
    own_f1, other_f1 = (
        _macro_f1(np.stack(answered.counts())[None].astype(np.float64))[0] for answered in (one, other)
    )
    macro = _macro_f1(drawn.own) - _macro_f1(drawn.other)
    return Comparison(
        labels=scores.labels,
        count=rows,
        units=units,
        sampling=sampling.said,
        both_right=int((one.right & other.right).sum()),
        only_this=int(only_this.sum()),
        only_other=int(only_other.sum()),
        both_wrong=int((~one.right & ~other.right).sum()),
        p_value=paired_p_value(by_unit.round().astype(np.int64)),
        accuracy=_difference(float(by_unit.sum() / rows), drawn.accuracy, plain),
        other_accuracy=float(other.right.mean()),
        macro_f1=_difference(float(own_f1 - other_f1), macro, plain),
        other_macro_f1=float(other_f1),
        per_class=class_changes(scores.labels, one, other, (drawn.own, drawn.other), sampling),
        worse=changed_pictures(
            scores.ids, scores.labels, one, other, np.flatnonzero(only_other), one.surprise
        ),
        better=changed_pictures(
            scores.ids, scores.labels, one, other, np.flatnonzero(only_this), other.surprise
        ),
    )


def _require_same(scores: Scores, other: Scores) -> None:
    if scores.task != other.task:
        raise InputError(f"The two cannot be compared: one is {scores.task}, the other {other.task}.")
    missing, added = (
        sorted(set(here) - set(there))
        for here, there in ((scores.labels, other.labels), (other.labels, scores.labels))
    )
    if missing or added:
        parts = [f"the other does not know {', '.join(missing)}"] if missing else []
        parts += [f"only the other knows {', '.join(added)}"] if added else []
        raise InputError(f"The two cannot be compared: {'; '.join(parts)}. Their labels must be the same.")
    if scores.ids != other.ids:
        raise InputError(
            f"The two cannot be compared: they were scored on other pictures ({len(scores.ids):,} and "
            f"{len(other.ids):,}, in all). Score both on the same data and split."
        )


class _Drawn(NamedTuple):
    """Resampled: the difference of accuracy `[B]`, and counts of right answers, support and answers `[B, 3, C]`."""

    accuracy: Floats
    own: Floats
    other: Floats


def _drawn(one: Answered, other: Answered, sampling: Sampling) -> _Drawn:
    rows, classes = one.truth.shape
    most = max(_FEWEST_RESAMPLES, _MOST_PRODUCTS // max(1, 5 * rows * classes))
    weights = sampling.few_weights(rows, most).astype(np.float32)
    difference = sampling.sums(one.right.astype(np.float64) - other.right)
    accuracy = np.asarray(weights @ difference, np.float64) / (weights @ sampling.sums(np.ones(rows)))
    sums = np.zeros((len(weights), 5 * classes))
    step = max(1, _ROWS_AT_ONCE // classes)
    for start in range(0, rows, step):
        block = slice(start, min(start + step, rows))
        truth, own, others = one.truth[block], one.claimed[block], other.claimed[block]
        cells = [truth & own, truth, own, truth & others, others]
        drawn = weights[:, sampling.rows_to_units(block)]
        sums += drawn @ np.concatenate(cells, axis=1, dtype=np.float32)
    by_kind = sums.reshape(len(weights), 5, classes)
    return _Drawn(accuracy, by_kind[:, [0, 1, 2]], by_kind[:, [3, 1, 4]])


def _macro_f1(counts_bkc: Floats) -> Floats:
    """The plain mean of F1 over the classes that occur or are answered, float64 `[B]`."""
    _, _, f1 = shares_of_counts(counts_bkc[:, 0], counts_bkc[:, 1], counts_bkc[:, 2])
    seen = (counts_bkc[:, 1] > 0) | (counts_bkc[:, 2] > 0)
    means: Floats = np.where(seen, f1, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return means


def _difference(value: float, drawn_b: Floats, plain: Estimate) -> Estimate:
    """The bootstrap's interval; where nothing parts the two, that of as many samples as there are units."""
    found = bootstrap_estimate(value, drawn_b, 1, share=False)
    if found is None or found.low == found.high:
        return plain.model_copy(
            update={"value": value, "low": min(plain.low, value), "high": max(plain.high, value)}
        )
    return found
