"""The figures over all classes, each with its interval, what it says, and what is to be beaten."""

from collections.abc import Mapping
from dataclasses import dataclass

from sightline.evaluation import AnyEvaluation, MultilabelEvaluation
from sightline.report.numbers import UNKNOWN, Span, decimal, span

Metrics = Mapping[str, float | int | None]
BASELINE = "baseline:"
_NAMES = {"majority": "always the most common", "linear_probe": "linear probe"}


@dataclass(frozen=True)
class Meaning:
    """A figure by its field, its name for people, what it says, and its field among the metrics of a manifest.

    percent: written as a percentage; better: `high`, `low`.
    """

    field: str
    name: str
    said: str
    metric: str = ""
    percent: bool = False
    better: str = "high"
    bounded: bool = True


_ANSWERS = (
    Meaning("top1_accuracy", "accuracy", "share of pictures answered right", "accuracy", percent=True),
    Meaning("macro_f1", "macro-F1", "precision and recall in one, every class counting the same", "macro_f1"),
    Meaning("balanced_accuracy", "balanced accuracy", "mean recall, every class counting the same", percent=True),
    Meaning("top5_accuracy", "top-5 accuracy", "share with the truth among the first five", "top5_accuracy", True),
)  # fmt: skip
_LABELS = (
    Meaning("map", "mAP", "how well each label's pictures are ranked, whatever the thresholds", "map"),
    Meaning("exact_match", "all labels right", "share of pictures of which every label is right", "exact_match", True),
    Meaning("micro_f1", "micro-F1", "precision and recall in one, over all pairs", "micro_f1"),
    Meaning("macro_f1", "macro-F1", "the same, every label counting the same", "macro_f1"),
    Meaning("hamming_loss", "wrong pairs", "share of pairs of picture and label that are wrong", percent=True,
            better="low"),
    Meaning("macro_recall", "macro recall", "found of those there are, every label the same"),
)  # fmt: skip
_BOTH = (
    Meaning("macro_precision", "macro precision", "right of those answered, every class the same"),
    Meaning("weighted_f1", "weighted F1", "F1, every class counting by its pictures"),
    Meaning("roc_auc", "ROC-AUC", "how often a picture of a class ranks before one of another"),
)
_PROBABILITIES = (
    Meaning("expected_calibration_error", "calibration error", "by how much probabilities are off, on average",
            "calibration_error", better="low"),
    Meaning("classwise_calibration_error", "class-wise calibration error", "the same, of each class's probability",
            better="low"),
    Meaning("brier_score", "Brier score", "mean squared error of the probabilities", better="low"),
    Meaning("negative_log_likelihood", "log loss", "mean −log of the truth's probability", better="low", bounded=False),
    Meaning("mean_cost", "mean cost", "of an answer, by the given costs", better="low", bounded=False),
)  # fmt: skip


@dataclass(frozen=True)
class FigureRow:
    """A figure, and the same of each baseline as text, in the order of the baselines."""

    name: str
    said: str
    better: str
    own: Span
    bounded: bool
    baselines: tuple[str, ...]


def baselines_of(metrics: Mapping[str, Metrics]) -> dict[str, Metrics]:
    """What is to be beaten, by its name for people, from the metrics of a manifest."""
    return {
        _NAMES.get(name.removeprefix(BASELINE), name.removeprefix(BASELINE).replace("_", " ")): values
        for name, values in metrics.items()
        if name.startswith(BASELINE)
    }


def meanings(evaluation: AnyEvaluation) -> tuple[Meaning, ...]:
    """The figures that an evaluation of its task has, the main one first."""
    if isinstance(evaluation, MultilabelEvaluation):
        return (*_LABELS, *_BOTH, *_PROBABILITIES[:-1])
    return (
        *_ANSWERS,
        *_BOTH,
        Meaning("map", "mAP", "mean average precision of the classes"),
        *_PROBABILITIES,
    )


def read_figures(evaluation: AnyEvaluation, baselines: Mapping[str, Metrics]) -> tuple[FigureRow, ...]:
    """Every figure that has a value."""
    rows = []
    for one in meanings(evaluation):
        value: float | None = getattr(evaluation, one.field)
        if value is None:
            continue
        rows.append(
            FigureRow(
                one.name,
                one.said,
                one.better,
                span(value, evaluation.intervals.get(one.field), percent=one.percent),
                one.bounded,
                tuple(_of_baseline(one, values) for values in baselines.values()),
            )
        )
    return tuple(rows)


def _of_baseline(meaning: Meaning, values: Metrics) -> str:
    value = values.get(meaning.metric) if meaning.metric else None
    if value is None:
        return UNKNOWN
    return span(value, None).text if meaning.percent else decimal(value)
