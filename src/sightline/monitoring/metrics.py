"""Prometheus metrics of one service: base units, histograms, a registry of its own."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, generate_latest

from sightline.bundle import Bundle
from sightline.records import Prediction

_STAGES = ("queue", "decode", "preprocess", "infer", "decide")
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)
_SHARES = tuple(step / 20 for step in range(1, 21))


class ServiceMetrics:
    """What `/metrics` shows. Every method may be called from several threads at once."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self._version = version
        self._models: dict[str, tuple[str, ...]] = {}
        self._info = Gauge(
            "sightline_model_info",
            "Always 1; the labels name the models in service.",
            ["model", "bundle_id", "bundle", "variant", "version"],
            registry=self.registry,
        )
        self.ready = Gauge(
            "sightline_ready", "1 once the golden images agree and the graph is warm.", registry=self.registry
        )
        self._in_flight = Gauge(
            "sightline_images_in_flight", "Images admitted and not yet answered.", registry=self.registry
        )
        self._waiting = Gauge(
            "sightline_images_waiting", "Images that no thread has taken yet.", registry=self.registry
        )
        self._batch_size = Histogram(
            "sightline_batch_size",
            "Images that went through a graph together.",
            buckets=_BATCHES,
            registry=self.registry,
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
            ["model", "label", "decision"],
            registry=self.registry,
        )
        self._refusals = Counter(
            "sightline_refusals", "Images and requests refused, by code.", ["code"], registry=self.registry
        )
        self._denied = Counter(
            "sightline_denied",
            "Requests by somebody unknown, without the right, or beyond a key's rate, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self.audit_lost = Counter(
            "sightline_audit_lost", "Lines that the audit log could not take.", registry=self.registry
        )
        self._confidence = Histogram(
            "sightline_confidence",
            "Calibrated probability of the most probable label.",
            ["model"],
            buckets=_SHARES,
            registry=self.registry,
        )
        self._outlier_score = Summary(
            "sightline_outlier_score",
            "How strange pictures are, by the bundle's own score, the larger the stranger.",
            ["model"],
            registry=self.registry,
        )

    def watch(self, in_flight: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Ask these for the images in flight, and for those that wait, whenever somebody looks."""
        self._in_flight.set_function(in_flight)
        self._waiting.set_function(waiting)

    def name_model(self, model: str, bundle: Bundle) -> None:
        """Say what is in service under this name; what was is forgotten."""
        self.forget_model(model)
        manifest = bundle.manifest
        self._models[model] = (model, bundle.id, manifest.name, manifest.default_variant, self._version)
        self._info.labels(*self._models[model]).set(1)

    def forget_model(self, model: str) -> None:
        """Nothing is in service under this name any more."""
        if model in self._models:
            self._info.remove(*self._models.pop(model))

    def count_batch(self, images: int) -> None:
        """Count a call of an engine with so many images."""
        self._batch_size.observe(images)

    def count_request(self, route: str, status: int) -> None:
        """Count an answered request."""
        self._requests.labels(route, str(status)).inc()

    def count_prediction(self, model: str, prediction: Prediction) -> None:
        """Count an answer under each of its labels, its confidence and strangeness, and the time of each stage."""
        for stage in _STAGES:
            self._stage_seconds.labels(stage).observe(getattr(prediction.timings, f"{stage}_ms") / 1e3)
        for label in prediction.labels or ("",):
            self._predictions.labels(model, label, prediction.decision).inc()
        self._confidence.labels(model).observe(prediction.probability)
        if prediction.outlier_score is not None:
            self._outlier_score.labels(model).observe(prediction.outlier_score)

    def count_explanation(self, seconds: float) -> None:
        """Count the time that an explanation took, drawing included, as the stage `explain`."""
        self._stage_seconds.labels("explain").observe(seconds)

    def count_refusal(self, code: str) -> None:
        """Count an image or a request that was refused, by its error code or reason."""
        self._refusals.labels(code).inc()

    def count_denied(self, reason: str) -> None:
        """Count a request that was not let in."""
        self._denied.labels(reason).inc()

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
