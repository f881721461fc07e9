"""What a bundle does with scored pictures: how many it accepts, sends to review and rejects."""

from sightline.evaluation.part_accuracy import part_accuracy
from sightline.inference import Predictor
from sightline.lifecycle.judge import sampling_of
from sightline.records import ACCEPT, REJECT, REVIEW, Estimate, Frozen, ScoredSet
from sightline.report import Subject


class VerdictCounts(Frozen):
    """Pictures by verdict, as the service would give it; and how many of the accepted are answered right.

    accepted_accuracy
        None where nothing is accepted.
    """

    accept: int
    review: int
    reject: int
    accepted_accuracy: Estimate | None


def subject_of(predictor: Predictor, scored: ScoredSet) -> Subject:
    """The pictures under the bundle's rule, with its outlier scores where it has any."""
    scores, scorer = scored.scores, predictor.scorer
    strangeness = None if scorer is None else scorer.scores(scores.logits, scores.embeddings)
    return Subject(scored, predictor.bundle.manifest.decision, strangeness)


def count_verdicts(subject: Subject) -> VerdictCounts:
    """Count them; a rule without any threshold accepts every answer."""
    right, sampling, verdicts = subject.pictures.right, sampling_of(subject.scored), subject.verdicts
    accepted = right | True if subject.accepted is None else subject.accepted
    accept, review, reject = (
        (len(right) if code == ACCEPT else 0) if verdicts is None else int((verdicts == code).sum())
        for code in (ACCEPT, REVIEW, REJECT)
    )
    return VerdictCounts(
        accept=accept,
        review=review,
        reject=reject,
        accepted_accuracy=part_accuracy(right, accepted, sampling),
    )
