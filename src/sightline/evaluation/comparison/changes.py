"""What has changed between two engines, class by class and picture by picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.comparison.answered import Answered
from sightline.evaluation.comparison.paired import paired_difference
from sightline.evaluation.intervals import Floats
from sightline.evaluation.per_class import shares_of_counts
from sightline.evaluation.resampling import Sampling, bootstrap_estimate
from sightline.records import Estimate, Frozen

MOST_LISTED = 1000


class ClassChange(Frozen):
    """One class or label; figures in [0, 1], None without a picture of it.

    recall_change, precision_change, f1_change
        This engine's less the other's, below 0 where it got worse. None where there is no interval to be had: no
        picture of the class for recall, no answer and no picture of it for the others.
    precision, other_precision
        0 where the class was never answered.
    """

    label: str
    support: int
    recall: float | None
    other_recall: float | None
    recall_change: Estimate | None
    precision: float
    other_precision: float
    f1: float
    other_f1: float
    precision_change: Estimate | None = None
    f1_change: Estimate | None = None


class Changed(Frozen):
    """A picture that one engine has right and the other wrong.

    truth, answer, other_answer
        Labels: one each for multiclass, any number for multilabel.
    probability, other_probability
        Of the answer; None for multilabel.
    """

    id: str
    truth: tuple[str, ...]
    answer: tuple[str, ...]
    other_answer: tuple[str, ...]
    probability: float | None
    other_probability: float | None


def class_changes(
    labels: Sequence[str], one: Answered, other: Answered, drawn: tuple[Floats, Floats], sampling: Sampling
) -> tuple[ClassChange, ...]:
    """Every class, in the order of the labels; `drawn` are counts of both in the resamples, `[B, 3, C]` each."""
    counts = tuple(np.stack(answered.counts()) for answered in (one, other))
    own, others = (shares_of_counts(*count) for count in counts)
    support = counts[0][1]
    discordant = [answered.hits() for answered in (one, other)]
    only = [(here & ~there) for here, there in (discordant, discordant[::-1])]
    only_one, only_other = (flags.sum(axis=0) for flags in only)
    units = np.array([_units(one.truth[:, index], sampling) for index in range(len(labels))])
    touched = one.truth | one.claimed | other.claimed
    changes = []
    for index, label in enumerate(labels):
        there = int(support[index])
        change = paired_difference(int(only_one[index]), int(only_other[index]), there)
        if sampling.grouped and change is not None:
            change = _drawn_change(change, drawn, index, int(units[index]))
        precision, f1 = (
            _drawn_share(
                own[at][index] - others[at][index], drawn, index, at, _units(touched[:, index], sampling)
            )
            for at in (0, 2)
        )
        changes.append(
            ClassChange(
                label=label,
                support=there,
                recall=float(own[1][index]) if there else None,
                other_recall=float(others[1][index]) if there else None,
                recall_change=change,
                precision=float(own[0][index]),
                other_precision=float(others[0][index]),
                f1=float(own[2][index]),
                other_f1=float(others[2][index]),
                precision_change=precision,
                f1_change=f1,
            )
        )
    return tuple(changes)


def _units(truth_n: NDArray[np.bool_], sampling: Sampling) -> int:
    return int(truth_n.sum()) if sampling.units is None else len(np.unique(sampling.units[truth_n]))


def _drawn_change(plain: Estimate, drawn: tuple[Floats, Floats], index: int, units: int) -> Estimate | None:
    """The bootstrap's interval over whole groups, never narrower than that of as many independent pictures.

    Where no picture of the class has changed, all resamples agree: then the groups are the independent samples.
    """
    hits, support = (counts[:, :2, index].T for counts in drawn), drawn[0][:, 1, index]
    own, other = (pair[0] for pair in hits)
    with np.errstate(invalid="ignore", divide="ignore"):
        change = np.where(support > 0, (own - other) / support, np.nan)
    found = bootstrap_estimate(plain.value, change, units, share=False)
    if found is None:
        return plain
    if found.low == found.high:
        return paired_difference(0, 0, units) if plain.value == 0 else plain
    return found.model_copy(update={"low": min(found.low, plain.low), "high": max(found.high, plain.high)})


def _drawn_share(
    value: float, drawn: tuple[Floats, Floats], index: int, at: int, units: int
) -> Estimate | None:
    """The paired bootstrap's interval of a change of precision (`at` 0) or F1 (2).

    Where all resamples agree, as without any mistake, the units that the class is true or answered in are the
    independent samples.
    """
    own, other = (shares_of_counts(*counts[:, :, index].T)[at] for counts in drawn)
    found = bootstrap_estimate(value, own - other, units, share=False)
    plain = paired_difference(0, 0, units)
    if found is None or plain is None:
        return None
    if found.low == found.high:
        return plain.model_copy(
            update={"value": value, "low": min(plain.low, value), "high": max(plain.high, value)}
        )
    return found


def changed_pictures(
    ids: Sequence[str],
    labels: Sequence[str],
    one: Answered,
    other: Answered,
    rows: NDArray[np.int64],
    surest: Floats,
) -> tuple[Changed, ...]:
    """At most 1,000 of the rows, the one with the largest `surest` first."""
    order: list[int] = rows[np.argsort(-surest[rows], kind="stable")][:MOST_LISTED].tolist()

    def names(flags: NDArray[np.bool_]) -> tuple[str, ...]:
        return tuple(labels[index] for index in np.flatnonzero(flags).tolist())

    return tuple(
        Changed(
            id=ids[row],
            truth=names(one.truth[row]),
            answer=names(one.claimed[row]),
            other_answer=names(other.claimed[row]),
            probability=None if one.confidence is None else float(one.confidence[row]),
            other_probability=None if other.confidence is None else float(other.confidence[row]),
        )
        for row in order
    )
