"""What cross-validation found: figures over the folds, and classes over all pictures."""

import statistics
from collections.abc import Sequence

from sightline.errors import TrainingError
from sightline.lifecycle.experiments.crossvalidation.fold_result import FoldResult, Prediction
from sightline.lifecycle.experiments.intervals import fold_interval, share_interval
from sightline.records import Frozen


class Figure(Frozen):
    """A metric over the folds: mean, sample standard deviation, and the corrected 95 % interval of the mean.

    See `fold_interval`; it is cut off where the metric cannot lie. None: fewer than two folds that differ.
    """

    metric: str
    values: tuple[float, ...]
    mean: float
    sd: float | None
    low: float | None
    high: float | None


class ClassRecall(Frozen):
    """Of all pictures of a class, the share that was recognised while held out, with Wilson's 95 % interval."""

    label: str
    images: int
    right: int
    recall: float | None
    low: float | None
    high: float | None


class FoldSummary(Frozen):
    """A fold without its predictions; see `FoldResult`."""

    fold: int
    train: int
    val: int
    held_out: int
    metrics: dict[str, float]
    val_value: float | None
    best_epoch: int | None
    seconds: float
    error: str | None


class CrossValidation(Frozen):
    """The whole of it; `metric` is what judges, `dataset` the digest of the data with their folds."""

    metric: str
    images: int
    dataset: str
    folds: tuple[FoldSummary, ...]
    figures: tuple[Figure, ...]
    classes: tuple[ClassRecall, ...]
    notes: tuple[str, ...]


def summarise(
    metric: str, labels: Sequence[str], dataset: str, results: Sequence[FoldResult], notes: Sequence[str]
) -> CrossValidation:
    """Figures of all folds together.

    Raises:
        TrainingError: every training failed.
    """
    whole = [result for result in results if result.error is None]
    if not whole:
        raise TrainingError(f"Every training failed. The first: {results[0].error}")
    failed = [
        f"fold {result.fold} failed and is in no figure: {result.error}" for result in results if result.error
    ]
    predictions = [prediction for result in whole for prediction in result.predictions]
    return CrossValidation(
        metric=metric,
        images=len(predictions),
        dataset=dataset,
        folds=tuple(
            FoldSummary.model_validate(one.model_dump(exclude={"key", "epochs", "predictions"}))
            for one in results
        ),
        figures=tuple(_figure(name, whole) for name in whole[0].metrics if "/" not in name),
        classes=tuple(_recall(label, predictions) for label in labels),
        notes=(*notes, *failed),
    )


def _figure(metric: str, results: Sequence[FoldResult]) -> Figure:
    values = tuple(result.metrics[metric] for result in results)
    mean = statistics.fmean(values)
    interval = fold_interval(values, _held_out_share(results))
    most = float("inf") if metric == "loss" else 1.0
    return Figure(
        metric=metric,
        values=values,
        mean=mean,
        sd=statistics.stdev(values) if len(values) > 1 else None,
        low=None if interval is None else max(0.0, interval.low),
        high=None if interval is None else min(most, interval.high),
    )


def _held_out_share(results: Sequence[FoldResult]) -> float:
    held_out = statistics.fmean(result.held_out for result in results)
    learnt = statistics.fmean(result.train + result.val for result in results)
    return held_out / (held_out + learnt)


def _recall(label: str, predictions: Sequence[Prediction]) -> ClassRecall:
    own = [prediction for prediction in predictions if prediction.label == label]
    right = sum(prediction.predicted == label for prediction in own)
    interval = share_interval(right, len(own))
    return ClassRecall(
        label=label,
        images=len(own),
        right=right,
        recall=right / len(own) if own else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
    )
