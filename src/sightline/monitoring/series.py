"""What is counted of one model: its series are looked up once, not with every picture."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, Summary

from sightline.records import VERDICTS, Prediction

_STAGES = ("queue", "decode", "preprocess", "infer", "decide")
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_SHARES = tuple(step / 20 for step in range(1, 21))

ANY_LABEL = "*"
"""Stands for every label of a bundle that has more than are counted one by one."""


@dataclass(frozen=True)
class PredictionMetrics:
    """The metrics that have a label `model`."""

    stage_seconds: Histogram
    decisions: Counter
    predictions: Counter
    confidence: Histogram
    outlier_score: Summary

    def forget(self, model: str) -> None:
        """Drop all series of a model, so that names that come and go do not pile up."""
        for metric in (
            self.stage_seconds,
            self.decisions,
            self.predictions,
            self.confidence,
            self.outlier_score,
        ):
            metric.remove_by_labels({"model": model})


def prediction_metrics(registry: CollectorRegistry) -> PredictionMetrics:
    """Make them in a registry."""
    return PredictionMetrics(
        Histogram(
            "sightline_stage_seconds",
            "Time an image spent in each stage.",
            ["model", "stage"],
            buckets=_SECONDS,
            registry=registry,
        ),
        Counter("sightline_decisions", "Answers by decision.", ["model", "decision"], registry=registry),
        Counter(
            "sightline_predictions",
            "Answers by label and decision; one of several labels counts under each, one of none under ''.",
            ["model", "label", "decision"],
            registry=registry,
        ),
        Histogram(
            "sightline_confidence",
            "Calibrated probability of the most probable label.",
            ["model"],
            buckets=_SHARES,
            registry=registry,
        ),
        Summary(
            "sightline_outlier_score",
            "How strange pictures are, by the bundle's own score, the larger the stranger.",
            ["model"],
            registry=registry,
        ),
    )


class ModelSeries:
    """The series of one model.

    several
        Count each label by itself; else all of them under `*`.
    """

    def __init__(
        self, metrics: PredictionMetrics, model: str, labels: tuple[str, ...], several: bool
    ) -> None:
        self.labels = labels
        self._metrics, self._model, self._several = metrics, model, several
        self._stages = [(f"{stage}_ms", metrics.stage_seconds.labels(model, stage)) for stage in _STAGES]
        self._confidence = metrics.confidence.labels(model)
        # From zero on: what first appears with a value has no rate, and an alert on it stays silent.
        self._decisions = {verdict: metrics.decisions.labels(model, verdict) for verdict in VERDICTS}
        self._by_label: dict[tuple[str, str], Counter] = {}

    def count(self, prediction: Prediction) -> None:
        """Count an answer, its labels, its confidence and strangeness, and the time of each stage."""
        timings, decision = prediction.timings, prediction.decision
        for name, series in self._stages:
            series.observe(getattr(timings, name) / 1e3)
        self._decisions[decision].inc()
        for label in prediction.labels or ("",):
            self._label(label if self._several or not label else ANY_LABEL, decision).inc()
        self._confidence.observe(prediction.probability)
        if prediction.outlier_score is not None:
            self._metrics.outlier_score.labels(self._model).observe(prediction.outlier_score)

    def explained(self, seconds: float) -> None:
        """Count the time of an explanation as the stage `explain`."""
        self._metrics.stage_seconds.labels(self._model, "explain").observe(seconds)

    def _label(self, label: str, decision: str) -> Counter:
        found = self._by_label.get((label, decision))
        if found is None:
            found = self._metrics.predictions.labels(self._model, label, decision)
            self._by_label[label, decision] = found
        return found
