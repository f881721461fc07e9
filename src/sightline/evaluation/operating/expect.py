"""What a rule can be expected to do, from how rows that it was not fitted on were decided."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.operating.answers_rule import Draft
from sightline.evaluation.operating.bounds import predicted_share
from sightline.evaluation.operating.selective import risk_coverage
from sightline.records import (
    ACCEPT,
    REJECT,
    REVIEW,
    AimReport,
    DecisionRule,
    Estimate,
    FittedOn,
    OperatingReport,
    RiskPoint,
    Scores,
)

_POINTS = 50


@dataclass(frozen=True, eq=False)
class Outcomes:
    """How every row was decided, a fold at a time.

    right
        bool `[N]`: the answer is the truth; with several labels, all of them are.
    confidence
        float64 `[N]`: softmax, the probability of the answer.
    in_set, set_sizes
        Of prediction sets: whether the truth is in it, and how many labels are.
    rejected
        Rows that are rejected as strange, whatever is answered.
    """

    scores: Scores
    groups: NDArray[np.int64]
    present: NDArray[np.bool_]
    verdicts: NDArray[np.uint8]
    right: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    in_set: NDArray[np.bool_]
    set_sizes: NDArray[np.int64]
    rejected: NDArray[np.bool_]

    @classmethod
    def empty(
        cls, scores: Scores, groups_n: NDArray[np.int64], rejected_n: NDArray[np.bool_] | None = None
    ) -> "Outcomes":
        """Room for every row."""
        rows = len(scores.ids)
        return cls(
            scores,
            groups_n,
            np.zeros(scores.logits.shape, np.bool_),
            np.zeros(rows, np.uint8),
            np.zeros(rows, np.bool_),
            np.zeros(rows),
            np.zeros(rows, np.bool_),
            np.zeros(rows, np.int64),
            np.zeros(rows, np.bool_) if rejected_n is None else rejected_n,
        )

    def add(self, rule: DecisionRule, rows_n: NDArray[np.bool_]) -> None:
        """Decide some rows with a rule."""
        probabilities = rule.probabilities(self.scores.logits[rows_n])
        decided = rule.decide_rows(probabilities)
        self.present[rows_n] = decided.present
        self.verdicts[rows_n] = np.where(self.rejected[rows_n], np.uint8(REJECT), decided.verdicts)
        places = (np.arange(len(probabilities)), decided.labels)
        self.confidence[rows_n] = probabilities[places]
        if self.scores.task == "multilabel":
            self.right[rows_n] = (decided.present == (self.scores.multi_hot[rows_n] == 1)).all(axis=1)
            return
        truth = self.scores.classes[rows_n]
        self.right[rows_n] = decided.labels == truth
        if rule.sets is not None:
            members = rule.sets.members(probabilities)
            self.in_set[rows_n] = members[np.arange(len(truth)), truth]
            self.set_sizes[rows_n] = members.sum(axis=1)

    def truth_of(self, index: int) -> NDArray[np.bool_]:
        """Whether a label is true of each row."""
        if self.scores.task == "multiclass":
            return np.asarray(self.scores.classes == index, np.bool_)
        return np.asarray(self.scores.multi_hot[:, index] == 1, np.bool_)


def expectations(outcomes: Outcomes, draft: Draft, fitted_on: FittedOn) -> OperatingReport:
    """The report on a rule; see `OperatingReport`."""
    accepted = outcomes.verdicts == ACCEPT
    share = predicted_share(accepted, outcomes.groups)
    single, sets = outcomes.scores.task == "multiclass", draft.rule.sets is not None
    risks = risk_coverage(outcomes.confidence, outcomes.right) if single else np.empty(0)
    return OperatingReport(
        fitted_on=fitted_on,
        confidence=draft.wishes.confidence,
        aims=tuple(_with_figures(one, outcomes, draft) for one in draft.reports),
        accuracy=predicted_share(outcomes.right, outcomes.groups),
        accepted=share,
        accepted_accuracy=predicted_share(outcomes.right[accepted], outcomes.groups[accepted]),
        reviews_per_day=_a_day(outcomes, draft.wishes.traffic),
        risk_coverage=_thinned(risks),
        area=float(risks.mean()) if single else None,
        set_size=float(outcomes.set_sizes.mean()) if sets else None,
        set_coverage=predicted_share(outcomes.in_set, outcomes.groups) if sets else None,
        notices=tuple(draft.notices),
    )


def _with_figures(report: AimReport, outcomes: Outcomes, draft: Draft) -> AimReport:
    """Recall and precision of the aim's label. Precision is that of accepted answers, recall that of all."""
    if report.label is None:
        return report
    index = outcomes.scores.labels.index(report.label)
    truth, claimed = outcomes.truth_of(index), outcomes.present[:, index]
    found = claimed
    if outcomes.scores.task == "multilabel" and draft.rule.review_from is not None:
        found = claimed | (outcomes.verdicts == REVIEW)
    certain = claimed & (outcomes.verdicts == ACCEPT) if outcomes.scores.task == "multiclass" else claimed
    return report.model_copy(
        update={
            "recall": predicted_share(found[truth], outcomes.groups[truth]),
            "precision": predicted_share(truth[certain], outcomes.groups[certain]),
        }
    )


def _a_day(outcomes: Outcomes, traffic: float | None) -> Estimate | None:
    if traffic is None:
        return None
    reviewed = outcomes.verdicts == REVIEW
    share = predicted_share(reviewed, outcomes.groups, fresh=max(1, round(traffic)))
    if share is None:
        return None
    return share.model_copy(update={key: getattr(share, key) * traffic for key in ("value", "low", "high")})


def _thinned(risks_n: NDArray[np.float64]) -> tuple[RiskPoint, ...]:
    if len(risks_n) == 0:
        return ()
    places = np.unique(np.linspace(0, len(risks_n) - 1, _POINTS).round().astype(np.int64))
    return tuple(
        RiskPoint(coverage=float((place + 1) / len(risks_n)), risk=float(risks_n[place])) for place in places
    )
