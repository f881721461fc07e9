"""Which pictures the page shows, and what is said below each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sightline.records import REJECT, VERDICTS
from sightline.report.subject import Subject

Kind = Literal["truth", "answer", "both", "none"]
_MISTAKES, _UNCERTAIN, _DOUBTED, _STRANGE = 24, 12, 24, 18
UNCERTAIN_BELOW = 0.25
"""A lead of the likeliest answer, or a distance from a threshold, that is not called uncertain any more."""
_BELIEFS = 3
_MOST_NAMED = 6


@dataclass(frozen=True)
class Belief:
    """A label of a card with its probability, in [0, 1], and whether it is the truth, the answer, both or neither."""

    label: str
    probability: float
    kind: Kind


@dataclass(frozen=True)
class Card:
    """One picture, what is true of it and what was answered.

    explains
        The label whose evidence is worth seeing: the answer, or with several labels the one most wrong.
    note
        A word more, mostly empty.
    """

    path: str
    truth: tuple[str, ...]
    answer: tuple[str, ...]
    beliefs: tuple[Belief, ...]
    explains: str
    verdict: str = ""
    doubted: bool = False
    note: str = ""


@dataclass(frozen=True)
class Gallery:
    """Cards out of `total` pictures; `others` were shown in a gallery before."""

    cards: tuple[Card, ...]
    total: int
    others: int = 0


@dataclass(frozen=True)
class Galleries:
    """The four kinds of picture that are worth a look."""

    mistakes: Gallery
    uncertain: Gallery
    doubted: Gallery
    strange: Gallery

    @property
    def doubts_count(self) -> bool:
        """Whether doubted labels are few enough to say something about labels: at most half of the mistakes.

        A network that is often wrong contradicts right labels, too.
        """
        return 2 * self.doubted.total <= self.mistakes.total

    @property
    def paths(self) -> set[str]:
        """All pictures that are shown."""
        every = (self.mistakes, self.uncertain, self.doubted, self.strange)
        return {card.path for gallery in every for card in gallery.cards}


def choose_galleries(subject: Subject) -> Galleries:
    """Choose the pictures; of pictures that belong together one is shown."""
    mistakes = _mistakes(subject)
    shown = {card.path for card in mistakes.cards}
    return Galleries(mistakes, _uncertain(subject, shown), _doubted(subject, shown), _strange(subject))


def _mistakes(subject: Subject) -> Gallery:
    """Wrong answers, the surest first."""
    wrong = np.flatnonzero(~subject.pictures.right)
    order = wrong[np.argsort(-subject.pictures.surprise[wrong], kind="stable")]
    return _gallery(subject, order, _MISTAKES)


def _uncertain(subject: Subject, shown: set[str]) -> Gallery:
    """Answers, right or wrong, that were nearly others, the closest first; but for those that are shown already."""
    order = np.argsort(subject.pictures.closeness, kind="stable")
    close = order[subject.pictures.closeness[order] < UNCERTAIN_BELOW]
    further = [int(row) for row in close[: _UNCERTAIN + len(shown)] if subject.scores.ids[row] not in shown]
    cards = tuple(make_card(subject, row) for row in subject.apart(further, _UNCERTAIN))
    return Gallery(cards, len(close), min(len(close), _UNCERTAIN + len(shown)) - len(further))


def _doubted(subject: Subject, shown: set[str]) -> Gallery:
    """Labels in doubt, but for those that stand among the mistakes already."""
    doubted, ids = subject.doubted, subject.scores.ids
    places = [place for place, row in enumerate(doubted.rows) if ids[row] not in shown]
    rows = subject.apart(doubted.rows[places], _DOUBTED)
    likelier = dict(zip(doubted.rows.tolist(), doubted.label.tolist(), strict=True))
    cards = tuple(
        make_card(subject, row, _doubt(subject, row, subject.scores.labels[likelier[row]])) for row in rows
    )
    return Gallery(cards, len(doubted.rows), len(doubted.rows) - len(places))


def _doubt(subject: Subject, row: int, label: str) -> str:
    if subject.scores.task == "multiclass":
        return f"likelier: {label}"
    return f"perhaps without {label}" if label in subject.truth(row) else f"perhaps also {label}"


def _strange(subject: Subject) -> Gallery:
    """Pictures that are rejected; the strangest first, where strangeness is measured."""
    if subject.verdicts is None:
        return Gallery((), 0)
    rows = np.flatnonzero(subject.verdicts == REJECT)
    if subject.outlier_scores is not None:
        rows = rows[np.argsort(-subject.outlier_scores[rows], kind="stable")]
    return _gallery(subject, rows, _STRANGE)


def _gallery(subject: Subject, rows: NDArray[np.int64], most: int) -> Gallery:
    return Gallery(tuple(make_card(subject, row) for row in subject.apart(rows, most)), len(rows))


def make_card(subject: Subject, row: int, note: str = "") -> Card:
    """One picture with its likeliest labels, the true and the answered ones among them."""
    truth, answer = subject.truth(row), subject.answer(row)
    probabilities = subject.probabilities(row)
    named = set(truth[:_MOST_NAMED]) | set(answer[:_MOST_NAMED])
    order = np.argsort(-probabilities, kind="stable").tolist()
    labels = subject.scores.labels
    beliefs = tuple(
        Belief(labels[index], float(probabilities[index]), _kind(labels[index], truth, answer))
        for rank, index in enumerate(order)
        if rank < _BELIEFS or labels[index] in named
    )
    return Card(
        path=subject.scores.ids[row],
        truth=truth,
        answer=answer,
        beliefs=beliefs,
        explains=_most_wrong(beliefs),
        verdict=_verdict(subject, row),
        doubted=bool((subject.doubted.rows == row).any()),
        note=note or _overruled(subject, answer, labels[order[0]]),
    )


def _overruled(subject: Subject, answer: Sequence[str], likeliest: str) -> str:
    """Why the answer is not the likeliest label."""
    if subject.scores.task == "multilabel" or likeliest in answer:
        return ""
    return (
        "answered by an alarm" if subject.rule.alarm_thresholds is not None else "answered for its lower cost"
    )


def _most_wrong(beliefs: Sequence[Belief]) -> str:
    """The surest label that is answered and not true; else the truest that is missed; else the likeliest."""
    claimed = [one for one in beliefs if one.kind == "answer"]
    missed = [one for one in beliefs if one.kind == "truth"]
    if claimed:
        return max(claimed, key=lambda one: one.probability).label
    return min(missed or beliefs[:1], key=lambda one: one.probability).label


def _kind(label: str, truth: Iterable[str], answer: Iterable[str]) -> Kind:
    if label in truth:
        return "both" if label in answer else "truth"
    return "answer" if label in answer else "none"


def _verdict(subject: Subject, row: int) -> str:
    if subject.verdicts is None:
        return ""
    return VERDICTS[int(subject.verdicts[row])]


def surest_of(subject: Subject, truth: int, answer: int, most: int) -> list[int]:
    """Rows of one class that were taken for another, the surest first."""
    rows = np.flatnonzero((subject.scores.classes == truth) & (subject.pictures.answer == answer))
    return subject.apart(rows[np.argsort(-subject.pictures.surprise[rows], kind="stable")], most)
