"""A row a class, the worst first."""

from dataclasses import dataclass

from sightline.evaluation import AnyEvaluation, ClassFigures, LabelFigures, MultilabelEvaluation
from sightline.report.numbers import UNKNOWN, Span, decimal, span

MOST_AT_ONCE = 30


@dataclass(frozen=True)
class ClassRow:
    """Figures of a class as text and spans; unknown where there is no picture to take them from."""

    label: str
    support: int
    precision: Span
    recall: Span
    f1: Span
    average_precision: str
    roc_auc: str
    threshold: str


@dataclass(frozen=True)
class ClassTable:
    """The worst classes by F1, the others, and the names of those without a picture."""

    worst: tuple[ClassRow, ...]
    others: tuple[ClassRow, ...]
    unseen: tuple[str, ...]

    @property
    def shown(self) -> int:
        """Classes with a row."""
        return len(self.worst) + len(self.others)


def figures_of(evaluation: AnyEvaluation) -> tuple[ClassFigures | LabelFigures, ...]:
    """One record a class or label, in the order of the labels."""
    return evaluation.per_label if isinstance(evaluation, MultilabelEvaluation) else evaluation.per_class


def read_classes(evaluation: AnyEvaluation) -> ClassTable:
    """The rows, the lowest F1 first; of equal ones the lower recall, then the more pictures."""
    figures = figures_of(evaluation)
    seen = sorted(
        (one for one in figures if one.support),
        key=lambda one: (one.f1 or 0.0, one.recall or 0.0, -one.support),
    )
    rows = tuple(_row(one) for one in seen)
    return ClassTable(
        rows[:MOST_AT_ONCE], rows[MOST_AT_ONCE:], tuple(one.label for one in figures if not one.support)
    )


def _row(one: ClassFigures | LabelFigures) -> ClassRow:
    return ClassRow(
        label=one.label,
        support=one.support,
        precision=span(one.precision, one.intervals.get("precision")),
        recall=span(one.recall, one.intervals.get("recall")),
        f1=span(one.f1, one.intervals.get("f1"), percent=False),
        average_precision=decimal(one.average_precision),
        roc_auc=decimal(one.roc_auc),
        threshold=decimal(one.threshold) if isinstance(one, LabelFigures) else UNKNOWN,
    )
