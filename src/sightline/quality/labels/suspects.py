"""Pictures ranked by how little their label is believed: confident learning, through cleanlab.

Northcutt, Jiang and Chuang 2021, Confident learning: estimating uncertainty in dataset labels. cleanlab is
licensed under the AGPL-3.0 and comes with the extra [labels] only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Sample
from sightline.extras import require
from sightline.quality.labels.probabilities import Targets, as_columns
from sightline.quality.labels.unit_labels import UnitLabels

_LIKELY = 0.5
_KEPT_CLASSES = 5
# With fewer units of a class, a classifier that has not seen a piece is wrong about it more often than its label.
_WELL_KNOWN_UNITS = 30


@dataclass(frozen=True, slots=True)
class Suspect:
    """A picture whose label may be wrong.

    given, suggested
        Class names, sorted. They are equal where the label is doubted and no other is likelier.
    score
        How far the given labels are believed, in [0, 1], 0 the least; see `UnitLabels.mixed_with`.
    flagged
        Whether confident learning holds it for wrong and other labels are likelier; the others are there
        because the ranking goes on.
    probabilities
        Of the given and the suggested labels and the likeliest others, the likeliest first.
    tied
        How many of the other pictures of its unit have each label, the most frequent first.
    sha256
        Of the file that was looked at.
    """

    path: str
    given: tuple[str, ...]
    suggested: tuple[str, ...]
    score: float
    flagged: bool
    probabilities: Mapping[str, float]
    tied: Mapping[str, int]
    sha256: str


def find_label_errors(
    probabilities_nc: NDArray[np.float64],
    targets: Targets,
    labels: Sequence[str],
    samples: Sequence[Sample],
    *,
    units_n: NDArray[np.int64] | None = None,
    most: int | None = None,
) -> tuple[Suspect, ...]:
    """Rank samples, the worst label first; with `most`, only so many of them.

    probabilities_nc
        float64 `[N, C]`, out of sample, see `out_of_sample_probabilities`; columns in the order of `labels`.
    targets
        int64 `[N]` or bool `[N, C]`; every class occurs.
    samples
        N records. Labels of theirs that are not among `labels` are not judged and stay as they are.
    units_n
        int64 `[N]`, numbers from 0: what belongs together. None: every sample stands alone.

    Raises:
        MissingExtra: cleanlab is not installed.
    """
    given_nc = as_columns(targets, len(labels))
    rows = np.arange(len(samples)) if units_n is None else units_n
    unit_labels = UnitLabels.of(given_nc, rows)
    believed_nc = unit_labels.mixed_with(probabilities_nc)
    score = _scores(believed_nc, targets)
    order = np.argsort(score, kind="stable")[:most]
    suggested = _suggestions(believed_nc, targets, order)
    flags = _flags(believed_nc, targets) | (
        _flags(probabilities_nc, targets) & _confirmed(given_nc, unit_labels)
    )
    flags[order] &= (suggested != given_nc[order]).any(axis=1)
    return tuple(
        Suspect(
            path=samples[row].path,
            given=samples[row].labels,
            suggested=_named(columns, labels, samples[row]),
            score=float(score[row]),
            flagged=bool(flags[row]),
            probabilities=_shown(believed_nc[row], given_nc[row] | columns, labels),
            tied=_counted(unit_labels.counts_nc[row], labels),
            sha256=samples[row].sha256,
        )
        for row, columns in zip(order.tolist(), suggested, strict=True)
    )


def _confirmed(given_nc: NDArray[np.bool_], unit_labels: UnitLabels) -> NDArray[np.bool_]:
    """Where the classifier's word will do, bool `[N]`: most of the unit disagrees too, or the class is well known.

    The shots of a piece that is wrong as a whole agree with one another, and the classifier is all there is.
    """
    contradicted = given_nc & (2 * unit_labels.counts_nc < unit_labels.others_n[:, None])
    unknown = given_nc & (unit_labels.units_c < _WELL_KNOWN_UNITS)
    return np.asarray(contradicted.any(axis=1) | ~unknown.any(axis=1), np.bool_)


def _scores(probabilities_nc: NDArray[np.float64], targets: Targets) -> NDArray[np.float64]:
    """How far the given labels are believed, float64 `[N]`."""
    if targets.ndim == 1:
        scores = require("cleanlab.rank").get_label_quality_scores(targets, probabilities_nc)
    else:
        several = require("cleanlab.multilabel_classification")
        scores = several.get_label_quality_scores(_given(targets), probabilities_nc)
    return np.asarray(scores, np.float64)


def _flags(probabilities_nc: NDArray[np.float64], targets: Targets) -> NDArray[np.bool_]:
    """What confident learning holds for wrong, bool `[N]`."""
    if targets.ndim == 1:
        find = require("cleanlab.filter").find_label_issues
        flags = find(targets, probabilities_nc, n_jobs=1, min_examples_per_class=0)
    else:
        find = require("cleanlab.multilabel_classification").filter.find_label_issues
        flags = find(_given(targets), probabilities_nc, n_jobs=1, min_examples_per_class=0)
    return np.asarray(flags, np.bool_)


def _given(targets_nc: Targets) -> list[list[int]]:
    return [np.flatnonzero(row).tolist() for row in targets_nc]


def _suggestions(
    probabilities_nc: NDArray[np.float64], targets: Targets, rows: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """The columns suggested for each of the rows, bool `[rows, C]`."""
    chosen = probabilities_nc[rows]
    likeliest = as_columns(chosen.argmax(axis=1), chosen.shape[1])
    if targets.ndim == 1:
        return likeliest
    likely = chosen >= _LIKELY
    return np.where(likely.any(axis=1, keepdims=True), likely, likeliest)


def _named(columns_c: NDArray[np.bool_], labels: Sequence[str], sample: Sample) -> tuple[str, ...]:
    """The suggested labels, and those of the sample that were not judged."""
    unjudged = set(sample.labels) - set(labels)
    return tuple(sorted({labels[column] for column in np.flatnonzero(columns_c).tolist()} | unjudged))


def _shown(
    probabilities_c: NDArray[np.float64], named_c: NDArray[np.bool_], labels: Sequence[str]
) -> dict[str, float]:
    by_probability = np.argsort(-probabilities_c, kind="stable").tolist()
    return {
        labels[column]: float(probabilities_c[column])
        for rank, column in enumerate(by_probability)
        if rank < _KEPT_CLASSES or named_c[column]
    }


def _counted(counts_c: NDArray[np.int64], labels: Sequence[str]) -> dict[str, int]:
    order = np.argsort(-counts_c, kind="stable").tolist()
    return {labels[column]: int(counts_c[column]) for column in order if counts_c[column]}
