"""Prometheus metrics of one service: base units, histograms, a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, generate_latest

from sightline.records import Prediction

_STAGES = ("queue", "decode", "preprocess", "infer", "decide")
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_SHARES = tuple(step / 20 for step in range(1, 21))


class ServiceMetrics:
    """What `/metrics` shows. Every method may be called from several threads at once."""

    def __init__(self, bundle_id: str, name: str, version: str) -> None:
        self.registry = CollectorRegistry()
        info = Gauge(
            "sightline_model_info",
            "Always 1; the labels name the bundle in service.",
            ["bundle_id", "name", "version"],
            registry=self.registry,
        )
        info.labels(bundle_id, name, version).set(1)
        self.ready = Gauge(
            "sightline_ready", "1 once the golden images agree and the graph is warm.", registry=self.registry
        )
        self.in_flight = Gauge(
            "sightline_images_in_flight", "Images admitted and not yet answered.", registry=self.registry
        )
        self._requests = Counter(
            "sightline_http_requests", "HTTP requests answered.", ["route", "status"], registry=self.registry
        )
        self._stage_seconds = Histogram(
            "sightline_stage_seconds",
            "Time an image spent in each stage.",
            ["stage"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._predictions = Counter(
            "sightline_predictions",
            "Answers by label and decision; one of several labels counts under each, one of none under ''.",
            ["label", "decision"],
            registry=self.registry,
        )
        self._refusals = Counter(
            "sightline_refusals", "Images and requests refused, by code.", ["code"], registry=self.registry
        )
        self._confidence = Histogram(
            "sightline_confidence",
            "Calibrated probability of the most probable label.",
            buckets=_SHARES,
            registry=self.registry,
        )
        self._outlier_score = Summary(
            "sightline_outlier_score",
            "How strange pictures are, by the bundle's own score, the larger the stranger.",
            registry=self.registry,
        )

    def count_request(self, route: str, status: int) -> None:
        """Count an answered request."""
        self._requests.labels(route, str(status)).inc()

    def count_prediction(self, prediction: Prediction) -> None:
        """Count an answer under each of its labels, its confidence and strangeness, and the time of each stage."""
        for stage in _STAGES:
            self._stage_seconds.labels(stage).observe(getattr(prediction.timings, f"{stage}_ms") / 1e3)
        for label in prediction.labels or ("",):
            self._predictions.labels(label, prediction.decision).inc()
        self._confidence.observe(prediction.probability)
        if prediction.outlier_score is not None:
            self._outlier_score.observe(prediction.outlier_score)

    def count_explanation(self, seconds: float) -> None:
        """Count the time that an explanation took, drawing included, as the stage `explain`."""
        self._stage_seconds.labels("explain").observe(seconds)

    def count_refusal(self, code: str) -> None:
        """Count an image or a request that was refused, by its error code or reason."""
        self._refusals.labels(code).inc()

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
