"""Every figure of one engine on a labelled data set of which any number of labels is true of a picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sightline.evaluation.average_precision import average_precisions
from sightline.evaluation.blocks import row_blocks
from sightline.evaluation.calibration import ReliabilityBin, ReliabilitySums, expected_calibration_error
from sightline.evaluation.likelihood import negative_log_likelihood
from sightline.evaluation.per_class import shares_of_counts, shares_or_none
from sightline.evaluation.ranking import CurvePoint
from sightline.records import DecisionRule, Estimate, Frozen, Scores


class LabelFigures(Frozen):
    """One label. Figures lie in [0, 1]; precision, recall and F1 are None where they divide by nothing.

    support, predicted
        Pictures of which the label is true, and of which it is held for true.
    average_precision
        As scikit-learn defines it, of the calibrated probabilities, whatever the threshold; None for a label without
        support.
    threshold
        The probability from which on the label is held for true.

    What follows is there only where intervals were asked for, and as in `ClassFigures`: roc_auc,
    calibration_error, curve, intervals.
    """

    label: str
    support: int
    predicted: int
    precision: float | None
    recall: float | None
    f1: float | None
    average_precision: float | None
    threshold: float
    roc_auc: float | None = None
    calibration_error: float | None = None
    curve: tuple[CurvePoint, ...] = ()
    intervals: dict[str, Estimate] = Field(default_factory=dict)


class MultilabelEvaluation(Frozen):
    """How good, in numbers that can be written to JSON and compared. A pair is one picture and one label.

    count
        Samples that were scored.
    map
        Mean average precision: the plain mean over the labels with support; None if no label has any.
    micro_precision, micro_recall, micro_f1
        Over all pairs together: frequent labels count for more.
    macro_precision, macro_recall, macro_f1
        Plain means over the labels that are true or held for true anywhere, of recall over those that are true
        anywhere.
    weighted_precision, weighted_recall, weighted_f1
        Means over the labels, each counting by its support; 0 if no label has any.
    exact_match
        Share of the samples of which every label is right (subset accuracy).
    hamming_loss
        Share of the pairs that are wrong.
    expected_calibration_error, reliability
        Over 15 bins of the probability of all pairs; `accuracy` of a bin is the share of its pairs that are true.
        Where few labels are true of a picture, most pairs lie near 0 and make the error small.
    negative_log_likelihood
        Mean −log p(truth) of the pairs, natural logarithm, by the rule's calibration.
    brier_score
        Mean (p − y)² of the pairs, in [0, 1].
    thresholds_chosen
        Whether the rule has thresholds of its own; if not, 0.5 held for every label.

    What follows is there only where intervals were asked for, and as in `Evaluation`: roc_auc,
    classwise_calibration_error (in 15 bins of each label's probability), intervals, units, sampling.
    """

    labels: tuple[str, ...]
    count: int
    map: float | None
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float
    exact_match: float
    hamming_loss: float
    expected_calibration_error: float
    negative_log_likelihood: float
    brier_score: float
    thresholds_chosen: bool
    per_label: tuple[LabelFigures, ...]
    reliability: tuple[ReliabilityBin, ...]
    roc_auc: float | None = None
    classwise_calibration_error: float | None = None
    intervals: dict[str, Estimate] = Field(default_factory=dict)
    units: int | None = None
    sampling: str | None = None


def multilabel_figures(scores: Scores, rule: DecisionRule) -> MultilabelEvaluation:
    """Count the answers of finite multilabel scores under a sigmoid rule."""
    sums = _Sums(len(scores.labels))
    for block in row_blocks(scores):
        sums.add(rule, scores.logits[block], scores.multi_hot[block])
    per_label = _label_figures(scores, rule, sums)
    micro = shares_of_counts(*(counts.sum(keepdims=True) for counts in sums.counts()))
    macro = _macro(per_label)
    weighted = weighted_shares(
        [(one.precision or 0.0, one.recall or 0.0, one.f1 or 0.0) for one in per_label], sums.counts()[1]
    )
    precisions = [one.average_precision for one in per_label if one.average_precision is not None]
    bins = sums.reliability.bins()
    pairs = scores.logits.size
    return MultilabelEvaluation(
        labels=scores.labels,
        count=len(scores.targets),
        map=float(np.mean(precisions)) if precisions else None,
        micro_precision=float(micro[0][0]),
        micro_recall=float(micro[1][0]),
        micro_f1=float(micro[2][0]),
        macro_precision=macro[0],
        macro_recall=macro[1],
        macro_f1=macro[2],
        weighted_precision=weighted[0],
        weighted_recall=weighted[1],
        weighted_f1=weighted[2],
        exact_match=sums.exact / len(scores.targets),
        hamming_loss=sums.wrong / pairs,
        expected_calibration_error=expected_calibration_error(bins),
        negative_log_likelihood=negative_log_likelihood(scores, rule.calibration),
        brier_score=sums.squares / pairs,
        thresholds_chosen=rule.label_thresholds is not None,
        per_label=per_label,
        reliability=bins,
    )


@dataclass
class _Sums:
    """What is added up over blocks of rows."""

    label_count: int
    reliability: ReliabilitySums = field(default_factory=ReliabilitySums)
    exact: int = 0
    wrong: int = 0
    squares: float = 0.0

    def __post_init__(self) -> None:
        self._counts = np.zeros((3, self.label_count), np.int64)

    def add(
        self, rule: DecisionRule, logits_nc: NDArray[np.float32], multi_hot_nc: NDArray[np.uint8]
    ) -> None:
        probabilities, truth = rule.probabilities(logits_nc), multi_hot_nc == 1
        claimed = rule.present(probabilities)
        self._counts += np.stack([found.sum(axis=0) for found in (claimed & truth, truth, claimed)])
        wrong_n = (claimed != truth).sum(axis=1)
        self.exact += int((wrong_n == 0).sum())
        self.wrong += int(wrong_n.sum())
        self.squares += float(((probabilities - truth) ** 2).sum())
        self.reliability.add(probabilities.ravel(), truth.ravel())

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Right claims, support and claims of each label, int64 `[C]` each."""
        right, support, predicted = self._counts
        return right, support, predicted


def _label_figures(scores: Scores, rule: DecisionRule, sums: _Sums) -> tuple[LabelFigures, ...]:
    _, support, predicted = sums.counts()
    shares = shares_or_none(*sums.counts())
    ranked = average_precisions(scores, rule.calibration)
    thresholds = rule.thresholds(len(scores.labels))
    return tuple(
        LabelFigures(
            label=label,
            support=int(support[index]),
            predicted=int(predicted[index]),
            precision=precision,
            recall=recall,
            f1=f1,
            average_precision=ranked[index],
            threshold=float(thresholds[index]),
        )
        for index, (label, precision, recall, f1) in enumerate(zip(scores.labels, *shares, strict=True))
    )


def _macro(figures: tuple[LabelFigures, ...]) -> tuple[float, float, float]:
    """Precision, recall and F1; 0 if no label is true or held for true anywhere."""
    seen = [one for one in figures if one.support or one.predicted]
    recalls = [one.recall for one in seen if one.recall is not None]
    if not seen:
        return 0.0, 0.0, 0.0
    precision, f1 = (
        float(np.mean([getattr(one, name) or 0.0 for one in seen])) for name in ("precision", "f1")
    )
    return precision, float(np.mean(recalls)) if recalls else 0.0, f1


def weighted_shares(
    shares: Sequence[Sequence[float]] | NDArray[np.float64],
    support_c: NDArray[np.int64] | NDArray[np.float64],
) -> tuple[float, float, float]:
    """Precision, recall and F1 of each label, averaged by support; 0 if there is none."""
    precision, recall, f1 = (support_c @ np.asarray(shares) / max(1, int(support_c.sum()))).tolist()
    return precision, recall, f1
