"""Prometheus metrics of one service: base units, histograms, a registry of its own."""

import time
from collections.abc import Callable, Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from sightline.bundle import Bundle
from sightline.monitoring.series import ModelSeries, prediction_metrics
from sightline.records import Prediction

_REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)
_MOST_LABELS = 100


class ServiceMetrics:
    """What `/metrics` shows. Every method may be called from several threads at once.

    most_labels
        The answers of a bundle with more labels than this are counted together, under the label `*`: each label is a
        series for each decision.
    """

    def __init__(self, version: str, most_labels: int = _MOST_LABELS) -> None:
        self.registry = registry = CollectorRegistry()
        self._version, self._most_labels = version, most_labels
        self._named: dict[str, tuple[str, ...]] = {}
        self._series: dict[str, ModelSeries] = {}
        self._routes: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._info = Gauge(
            "sightline_model_info",
            "Always 1; the labels name the models in service.",
            ["model", "bundle_id", "bundle", "variant", "version"],
            registry=registry,
        )
        self._loaded = Gauge(
            "sightline_model_loaded_timestamp_seconds",
            "When what is in service under this name was last found sound.",
            ["model"],
            registry=registry,
        )
        self._loads = Counter(
            "sightline_model_loads",
            "Bundles opened and checked, by how it ended.",
            ["result"],
            registry=registry,
        )
        for result in ("ok", "failed"):
            self._loads.labels(result)
        self.ready = Gauge(
            "sightline_ready", "1 once the golden images agree and the graph is warm.", registry=registry
        )
        self._in_flight = Gauge(
            "sightline_images_in_flight", "Images admitted and not yet answered.", registry=registry
        )
        self._limit = Gauge(
            "sightline_images_in_flight_limit", "So many at most; beyond it 429.", registry=registry
        )
        self._waiting = Gauge(
            "sightline_images_waiting", "Images that no thread has taken yet.", registry=registry
        )
        self._buffered = Gauge(
            "sightline_buffered_bytes", "Of bodies not yet answered that are in memory.", registry=registry
        )
        self._batch_size = Histogram(
            "sightline_batch_size",
            "Images that were answered together.",
            buckets=_BATCHES,
            registry=registry,
        )
        self._requests = Counter(
            "sightline_http_requests", "HTTP requests answered.", ["route", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            "sightline_http_request_duration_seconds",
            "From the head of a request to the end of its answer, by class of status.",
            ["route", "status"],
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        self._received = Counter(
            "sightline_http_request_body_bytes",
            "Of request bodies with pictures, as they came.",
            registry=registry,
        )
        self._gone = Counter(
            "sightline_clients_gone", "Requests whose client hung up before its answer.", registry=registry
        )
        self._refusals = Counter(
            "sightline_refusals", "Images and requests refused, by code.", ["code"], registry=registry
        )
        self._denied = Counter(
            "sightline_denied",
            "Requests by somebody unknown, without the right, or beyond a key's rate, by reason.",
            ["reason"],
            registry=registry,
        )
        self.audit_lost = Counter(
            "sightline_audit_lost", "Lines that the audit log could not take.", registry=registry
        )
        self._predictions = prediction_metrics(registry)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)

    def watch(
        self,
        in_flight: Callable[[], int],
        waiting: Callable[[], int],
        buffered: Callable[[], int],
        limit: int,
    ) -> None:
        """Ask these for images in flight, images that wait, and bytes in memory, whenever somebody looks."""
        self._in_flight.set_function(in_flight)
        self._waiting.set_function(waiting)
        self._buffered.set_function(buffered)
        self._limit.set(limit)

    def watch_log(self, dropped: Callable[[], int]) -> None:
        """Ask this for the log lines that could not be written, whenever somebody looks."""
        self.registry.register(_DroppedLines(dropped))

    def name_model(self, model: str, bundle: Bundle) -> None:
        """Say what is in service under this name; its counts go on, except those of other labels."""
        if model in self._named:
            self._info.remove(*self._named[model])
        manifest = bundle.manifest
        self._named[model] = (model, bundle.id, manifest.name, manifest.default_variant, self._version)
        self._info.labels(*self._named[model]).set(1)
        self._loaded.labels(model).set(time.time())
        several = len(manifest.labels) <= self._most_labels
        before, after = (
            self._series.get(model),
            ModelSeries(self._predictions, model, manifest.labels, several),
        )
        if before is not None and before.labels != after.labels:
            self._predictions.predictions.remove_by_labels({"model": model})
        self._series[model] = after

    def forget_model(self, model: str) -> None:
        """Nothing is in service under this name any more."""
        if model in self._named:
            self._info.remove(*self._named.pop(model))
            self._loaded.remove(model)
            del self._series[model]
            self._predictions.forget(model)

    def count_load(self, *, ok: bool) -> None:
        """Count a bundle that was loaded, or could not be."""
        self._loads.labels("ok" if ok else "failed").inc()

    def count_batch(self, images: int) -> None:
        """Count a call of an engine with so many images."""
        self._batch_size.observe(images)

    def count_request(
        self, route: str, status: int, seconds: float, received: int = 0, trace: str | None = None
    ) -> None:
        """Count an answered request; `received` bytes of its body were read."""
        series = self._routes.get((route, status))
        if series is None:
            series = self._routes[route, status] = (
                self._requests.labels(route, str(status)),
                self._request_seconds.labels(route, f"{status // 100}xx"),
            )
        series[0].inc()
        series[1].observe(seconds, {"trace_id": trace} if trace else None)
        if received:
            self._received.inc(received)

    def count_gone(self) -> None:
        """Count a client that hung up."""
        self._gone.inc()

    def count_prediction(self, model: str, prediction: Prediction) -> None:
        """Count an answer of a model in service; those of one that has just been unloaded are not counted."""
        series = self._series.get(model)
        if series is not None:
            series.count(prediction)

    def count_explanation(self, model: str, seconds: float) -> None:
        """Count the time that an explanation took, drawing included, as the stage `explain`."""
        series = self._series.get(model)
        if series is not None:
            series.explained(seconds)

    def count_refusal(self, code: str) -> None:
        """Count an image or a request that was refused, by its error code or reason."""
        self._refusals.labels(code).inc()

    def count_denied(self, reason: str) -> None:
        """Count a request that was not let in."""
        self._denied.labels(reason).inc()

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """All metrics in the format that a header `Accept` asks for, and its content type.

        Prometheus' text, or OpenMetrics, which has the trace of a slow request beside its bucket.
        """
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


class _DroppedLines(Collector):
    def __init__(self, dropped: Callable[[], int]) -> None:
        self._dropped = dropped

    def collect(self) -> Iterable[Metric]:
        """Give the number as a counter."""
        yield CounterMetricFamily(
            "sightline_log_lines_dropped",
            "Log lines that could not be written: a full disk, a pipe that nobody reads.",
            value=self._dropped(),
        )
