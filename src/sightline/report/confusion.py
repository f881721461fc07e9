"""What is taken for what: a table of counts for few classes, the most frequent mistakes for any number."""

from dataclasses import dataclass

from sightline.evaluation import ConfusedPair, Evaluation, dense_confusion
from sightline.report.galleries import surest_of
from sightline.report.subject import Subject

MOST_IN_TABLE = 25
_PAIRS, _EXAMPLES = 12, 3


@dataclass(frozen=True)
class HeatCell:
    """A count, its share of the row in percent, and whether it lies on the diagonal."""

    count: int
    heat: int
    right: bool


@dataclass(frozen=True)
class HeatRow:
    """One true class: its cells in the order of the labels, and its pictures."""

    label: str
    cells: tuple[HeatCell, ...]
    support: int


@dataclass(frozen=True)
class Pair:
    """A mistake, with paths of examples, the surest first."""

    mistake: ConfusedPair
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Confusion:
    """`rows` is empty for more classes than a table holds."""

    labels: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    pairs: tuple[Pair, ...]
    mistakes: int


def read_confusion(evaluation: Evaluation, subject: Subject) -> Confusion:
    """Of multiclass answers."""
    labels = evaluation.labels
    places = {label: place for place, label in enumerate(labels)}
    pairs = tuple(
        Pair(
            one,
            tuple(
                subject.scores.ids[row]
                for row in surest_of(subject, places[one.truth], places[one.answer], _EXAMPLES)
            ),
        )
        for one in evaluation.most_confused[:_PAIRS]
    )
    mistakes = sum(cell.times for cell in evaluation.confusion if cell.truth != cell.answer)
    return Confusion(labels, _heat(evaluation) if len(labels) <= MOST_IN_TABLE else (), pairs, mistakes)


def _heat(evaluation: Evaluation) -> tuple[HeatRow, ...]:
    counts = dense_confusion(evaluation.confusion, len(evaluation.labels)).tolist()
    return tuple(
        HeatRow(
            label,
            tuple(
                HeatCell(count, round(100 * count / max(1, sum(row))), place == column)
                for column, count in enumerate(row)
            ),
            sum(row),
        )
        for place, (label, row) in enumerate(zip(evaluation.labels, counts, strict=True))
    )
