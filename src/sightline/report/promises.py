"""What the decision promised when it was fitted, beside what the pictures of this report show."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.part_accuracy import part_accuracy
from sightline.records import REVIEW, AimReport, Estimate, OperatingReport
from sightline.report.material import Material
from sightline.report.subject import Subject

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Promise:
    """A figure as it was foretold and as it is here; `kept`: whether it lies within what was foretold."""

    name: str
    foretold: Estimate
    here: Estimate

    @property
    def kept(self) -> bool:
        """The interval that was foretold is one of values, not of truths: the value itself is compared."""
        return self.foretold.contains(self.here.value)


def read_promises(material: Material) -> tuple[Promise, ...]:
    """All figures that were foretold and can be taken here."""
    report = material.manifest.decision_report
    if report is None or report.operating is None:
        return ()
    return tuple(_promises(material, report.operating))


def _promises(material: Material, foretold: OperatingReport) -> Iterator[Promise]:
    subject = material.subject
    every = np.ones(len(subject.scores.ids), np.bool_)
    accepted = every if subject.accepted is None else subject.accepted
    right = subject.pictures.right
    for name, estimate, flags, part in (
        ("right answers", foretold.accuracy, right, every),
        ("accepted", foretold.accepted, accepted, every),
        ("right among the accepted", foretold.accepted_accuracy, right, accepted),
    ):
        here = part_accuracy(flags, part, material.sampling)
        if estimate is not None and here is not None:
            yield Promise(name, estimate, here)
    for aim in foretold.aims:
        yield from _of_aim(material, aim, accepted)


def _of_aim(material: Material, aim: AimReport, accepted_n: Flags) -> Iterator[Promise]:
    if aim.label is None:
        return
    subject, index = material.subject, material.manifest.labels.index(aim.label)
    truth, claimed, found = _truth_of(subject, index), _claims_of(subject, index), _found(subject, index)
    certain = claimed & accepted_n if subject.scores.task == "multiclass" else claimed
    for name, estimate, flags, part in (
        (f"recall of {aim.label}", aim.recall, found, truth),
        (f"precision of {aim.label}", aim.precision, truth, certain),
    ):
        here = part_accuracy(flags, part, material.sampling)
        if estimate is not None and here is not None:
            yield Promise(name, estimate, here)


def _truth_of(subject: Subject, index: int) -> Flags:
    if subject.scores.task == "multiclass":
        return np.asarray(subject.scores.classes == index, np.bool_)
    return np.asarray(subject.scores.multi_hot[:, index] == 1, np.bool_)


def _claims_of(subject: Subject, index: int) -> Flags:
    if subject.scores.task == "multiclass":
        return np.asarray(subject.pictures.answer == index, np.bool_)
    threshold = subject.rule.thresholds(len(subject.scores.labels))[index]
    return np.asarray(subject.rule.probabilities(subject.scores.logits)[:, index] >= threshold, np.bool_)


def _found(subject: Subject, index: int) -> Flags:
    """Claimed; with several labels and a review band also what a person will see."""
    claimed = _claims_of(subject, index)
    if subject.rule.review_from is None or subject.verdicts is None:
        return claimed
    return np.asarray(claimed | (subject.verdicts == REVIEW), np.bool_)
