"""The rule that turns logits into an answer: data in the manifest, the same arithmetic everywhere."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sightline.records.calibration import KINDS_OF, Calibration, Logits, Temperature, activate
from sightline.records.decided import CAUSES, REJECT, Decided, causes_of, verdicts_of
from sightline.records.frozen import Frozen
from sightline.records.outliers import OutlierRule
from sightline.records.prediction_sets import PredictionSets
from sightline.records.task import Activation, Task, task_of

EVEN_ODDS: Final = 0.5
"""The threshold of a label for which none was chosen: it is true if that is more probable than not."""
NEVER: Final = 2.0
"""An accept threshold that no probability reaches: every such answer goes to review."""

_SURELY_MORE = 1e-9  # of the largest cost; rounding in sums of thousands of float64 is some 1e-12

Threshold = Annotated[float, Field(ge=0, le=1)]
AcceptThreshold = Annotated[float, Field(ge=0, le=NEVER)]
AlarmThreshold = Annotated[float, Field(gt=0, le=1)]

_OF_SOFTMAX = ("alarm_thresholds", "costs", "accept_thresholds", "sets")
_OF_SIGMOID = ("label_thresholds", "review_from")


class DecisionRule(Frozen):
    """Calibration, then the activation, then what is answered, then what is done with the answer.

    activation
        `softmax`: one label is true, and probabilities sum to 1. `sigmoid`: each label is true or not by itself.
    calibration
        What is done to the logits before the activation; see `sightline.records.calibration`.
    alarm_thresholds
        With softmax. A class whose probability reaches its alarm threshold is the answer even if another is more
        probable; of several the one with the largest p / threshold. None, or None for a class: no alarm.
    costs
        With softmax. What an answer costs, row = truth, column = answer, in any unit: the answer is the one of
        least expected cost Σ p(truth) × cost, of equal ones the first. An alarm goes before it.
    accept_thresholds
        With softmax. One probability a class, in the order of the labels: an answer below its class's threshold
        goes to `review`; one of `NEVER` (2) always. None: no operating point has been chosen, every answer is
        accepted, and says so.
    label_thresholds
        With sigmoid. One probability a label, in the order of the labels, in [0, 1]: a label is true from its
        threshold on. None: none were chosen, 0.5 holds for every label, and answers say so.
    review_from
        With sigmoid, one probability a label, at most its threshold: a label in [review_from, threshold) sends the
        picture to `review`. Where it is given, a picture none of whose labels reaches it is accepted as one without
        labels; where it is not, a picture without labels goes to review.
    sets
        With softmax, optional: answers also hold a set of labels with a stated coverage.
    outliers
        Optional: a picture whose outlier score is above its threshold gets `reject`, whatever the rest says.
    aim
        What the user asked for, in words; "" where nothing was.
    """

    activation: Activation = "softmax"
    calibration: Calibration = Temperature()
    alarm_thresholds: tuple[AlarmThreshold | None, ...] | None = None
    costs: tuple[tuple[float, ...], ...] | None = None
    accept_thresholds: tuple[AcceptThreshold, ...] | None = None
    label_thresholds: tuple[Threshold, ...] | None = None
    review_from: tuple[Threshold, ...] | None = None
    sets: PredictionSets | None = None
    outliers: OutlierRule | None = None
    aim: str = ""

    @model_validator(mode="after")
    def _fits_its_activation(self) -> Self:
        others, instead = (
            (_OF_SIGMOID, "accept_thresholds")
            if self.activation == "softmax"
            else (_OF_SOFTMAX, "label_thresholds")
        )
        for name in others:
            if getattr(self, name) is not None:
                belong = "softmax" if name in _OF_SOFTMAX else "sigmoid"
                raise ValueError(f"{name} belong to {belong}; with {self.activation} give {instead}")
        if self.calibration.kind not in KINDS_OF[self.activation]:
            raise ValueError(
                f"calibration: {self.calibration.kind} does not go with {self.activation}; "
                f"one of {', '.join(KINDS_OF[self.activation])} does"
            )
        if self.costs is not None and any(len(row) != len(self.costs) for row in self.costs):
            raise ValueError("costs must be square: a row for each truth, in it a value for each answer")
        self._review_lies_below()
        return self

    def _review_lies_below(self) -> None:
        if self.review_from is None:
            return
        if self.label_thresholds is None or len(self.label_thresholds) != len(self.review_from):
            raise ValueError("review_from needs label_thresholds, one for each of its values")
        if any(low > high for low, high in zip(self.review_from, self.label_thresholds, strict=True)):
            raise ValueError("review_from must not lie above the threshold of its label")

    @property
    def task(self) -> Task:
        """The task whose answers the rule gives."""
        return task_of(self.activation)

    def misfits(self, label_count: int) -> Iterator[str]:
        """What of the rule is not made for that many labels, a sentence each."""
        if self.calibration.label_count not in (None, label_count):
            yield f"{self.calibration.kind} for {self.calibration.label_count} labels, not {label_count}"
        for name in ("alarm_thresholds", "costs", "accept_thresholds", "label_thresholds"):
            values = getattr(self, name)
            if values is not None and len(values) != label_count:
                what = "rows of costs" if name == "costs" else "thresholds"
                yield f"{len(values)} {what} for {label_count} labels"

    def probabilities(self, logits_nc: Logits) -> NDArray[np.float64]:
        """Calibrated probabilities, float64 `[N, C]`, from float32 logits `[N, C]`.

        With softmax rows sum to 1; with sigmoid every cell stands alone.
        """
        return activate(self.calibration.calibrated(logits_nc), self.activation)

    def decide_rows(
        self, probabilities_nc: NDArray[np.float64], outlier_scores_n: NDArray[np.float64] | None = None
    ) -> Decided:
        """Decide rows of calibrated probabilities, float64 `[N, C]`, each by itself and as it would be alone.

        outlier_scores_n
            float64 `[N]`, by `sightline.inference.outliers.OutlierScorer`; a score that is no number counts as
            strange. None: nothing is rejected, as in figures that are about the labels alone.
        """
        decide = self._decide_answers if self.activation == "softmax" else self._decide_labels
        decided = decide(probabilities_nc)
        if self.outliers is None or outlier_scores_n is None:
            return decided
        strange = self.outliers.strange(outlier_scores_n)
        return replace(
            decided,
            verdicts=np.where(strange, np.uint8(REJECT), decided.verdicts),
            causes=np.where(strange, np.uint8(CAUSES.index("outlier")), decided.causes),
        )

    def present(self, probabilities_nc: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which labels are held for true, bool `[N, C]`.

        With softmax the answer of each row; with sigmoid all that reach their thresholds, possibly none.
        """
        if self.activation == "sigmoid":
            return np.asarray(probabilities_nc >= self.thresholds(probabilities_nc.shape[1]), np.bool_)
        return _only(self._answers(probabilities_nc), probabilities_nc.shape[1])

    def thresholds(self, label_count: int) -> NDArray[np.float64]:
        """With sigmoid, the threshold of each label, float64 `[C]`; 0.5 where none were chosen."""
        chosen = self.label_thresholds
        return np.full(label_count, EVEN_ODDS) if chosen is None else np.asarray(chosen, np.float64)

    @cached_property
    def _accept_array(self) -> NDArray[np.float64]:
        """`accept_thresholds`: making an array of a thousand of them costs as much as deciding."""
        return np.asarray(self.accept_thresholds, np.float64)

    def _decide_answers(self, probabilities_nc: NDArray[np.float64]) -> Decided:
        answers = self._answers(probabilities_nc)
        present = _only(answers, probabilities_nc.shape[1])
        if self.accept_thresholds is None:
            accepted = np.ones(len(answers), np.bool_)
            return Decided(
                answers, present, verdicts_of(accepted), causes_of(len(answers), "no_operating_point")
            )
        own = probabilities_nc[np.arange(len(answers)), answers]
        accepted = np.asarray(own >= self._accept_array[answers], np.bool_)
        return Decided(answers, present, verdicts_of(accepted), causes_of(len(answers), "threshold"))

    def _decide_labels(self, probabilities_nc: NDArray[np.float64]) -> Decided:
        present = self.present(probabilities_nc)
        claimed = np.asarray(present.any(axis=1), np.bool_)
        causes = np.where(claimed, CAUSES.index("threshold"), CAUSES.index("no_label")).astype(np.uint8)
        accepted = claimed
        if self.review_from is not None:
            uncertain = ((probabilities_nc >= np.array(self.review_from)) & ~present).any(axis=1)
            causes[uncertain] = CAUSES.index("uncertain_label")
            accepted = np.asarray(~uncertain, np.bool_)
        return Decided(
            probabilities_nc.argmax(axis=1).astype(np.int64), present, verdicts_of(accepted), causes
        )

    def _answers(self, probabilities_nc: NDArray[np.float64]) -> NDArray[np.int64]:
        if self.costs is None:
            answers = probabilities_nc.argmax(axis=1)
        else:
            answers = _cheapest(probabilities_nc, np.array(self.costs))
        if self.alarm_thresholds is not None:
            limits = np.array([np.inf if one is None else one for one in self.alarm_thresholds])
            loudness = probabilities_nc / limits
            loudest = loudness.argmax(axis=1)
            raised = loudness[np.arange(len(loudest)), loudest] >= 1.0
            answers = np.where(raised, loudest, answers)
        return np.asarray(answers, np.int64)


def expected_costs(
    probabilities_nc: NDArray[np.float64], costs_ca: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The expected cost of every answer, float64 `[N, A]`: Σ over the truths of p(truth) × cost of the answer.

    Not by `@`, whose rounding depends on how many rows there are, also in blocks of a fixed size.
    """
    rows, costs = np.ascontiguousarray(probabilities_nc), np.ascontiguousarray(costs_ca)
    found: NDArray[np.float64] = np.einsum("nt,ta->na", rows, costs, optimize=False)
    return found


def _only(answers_n: NDArray[np.int64], label_count: int) -> NDArray[np.bool_]:
    """The answer of each row and no other label, bool `[N, C]`."""
    present = np.zeros((len(answers_n), label_count), np.bool_)
    present[np.arange(len(answers_n)), answers_n] = True
    return present


def _cheapest(probabilities_nc: NDArray[np.float64], costs_cc: NDArray[np.float64]) -> NDArray[np.int64]:
    """The answer of least expected cost, of equal ones the first: int64 `[N]`, as `expected_costs` has it.

    A matrix product is twenty times as fast, and its rounding decides nothing where one answer is cheaper than all
    others by far more than that. The rows where none is are computed one by one.
    """
    about = probabilities_nc @ costs_cc
    limits = about.min(axis=1) + _SURELY_MORE * np.abs(costs_cc).max(initial=0.0)
    answers = about.argmin(axis=1)
    close = np.flatnonzero((about <= limits[:, None]).sum(axis=1) != 1)
    if len(close):
        answers[close] = expected_costs(probabilities_nc[close], costs_cc).argmin(axis=1)
    return np.asarray(answers, np.int64)
