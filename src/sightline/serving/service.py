"""The model in service: worker threads that decode and infer, admission before them, readiness around them."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from sightline import __version__
from sightline.errors import NotReady, Overloaded, SightlineError
from sightline.inference import Explainer, Predictor, as_png, draw_overlay, open_explainer, replay_golden
from sightline.monitoring import ServiceMetrics
from sightline.records import ExplanationMethod, ExplanationSummary, Prediction
from sightline.serving.settings import ServerSettings
from sightline.serving.turns import Turns

log = logging.getLogger("sightline.serving")

State = Literal["starting", "ready", "stopping", "failed"]


@dataclass(frozen=True)
class Explained:
    """An answer, the figures of its explanation, and the overlay as PNG; `spent_ms` with the drawing."""

    prediction: Prediction
    summary: ExplanationSummary
    png: bytes
    spent_ms: float


class Service:
    """One bundle answering. `start` and `stop` belong to the event loop; `predict` is awaited by requests."""

    def __init__(self, predictor: Predictor, settings: ServerSettings) -> None:
        manifest = predictor.bundle.manifest
        self.predictor = predictor
        self.settings = settings
        self.metrics = ServiceMetrics(predictor.bundle.id, manifest.name, __version__)
        self.state: State = "starting"
        self.failure: SightlineError | None = None
        self.explainer = Explainer(predictor, None)
        self._in_flight = 0
        self._explaining = 0
        workers = settings.workers or os.cpu_count() or 1
        self.turns = Turns(workers, patience=settings.max_images)
        # Half of the places at most: the others stay for predictions.
        self._most_explanations = min(settings.max_explanations, max(1, settings.max_images // 2))
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="sightline-worker")

    async def start(self) -> None:
        """Replay the golden images, which also warms the graph; ready afterwards.

        Raises:
            BundleError: the golden images give other answers here, or the head cannot be used.
        """
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(
                self._threads, replay_golden, self.predictor.bundle, self.predictor.engine
            )
            self.explainer = open_explainer(self.predictor)
        except SightlineError as err:
            self.state, self.failure = "failed", err
            raise
        self.state = "ready"
        self.metrics.ready.set(1)
        log.info("ready: bundle %s (%s)", self.predictor.bundle.manifest.name, self.predictor.bundle.id[:12])

    def stop(self) -> None:
        """Finish what is in flight, admit nothing more."""
        self.state = "stopping"
        self.metrics.ready.set(0)
        self._threads.shutdown(wait=True)

    @contextlib.contextmanager
    def admit(self, images: int) -> Iterator[None]:
        """Hold places for so many images while the block runs, or refuse now rather than late.

        Raises:
            NotReady: starting or stopping.
            Overloaded: as much is in flight as the settings allow.
        """
        if self.state != "ready":
            raise NotReady(
                f"The server is {self.state}. Try again in a moment; /readyz says when it is ready."
            )
        if self._in_flight + images > self.settings.max_images:
            raise Overloaded(
                f"{self._in_flight} images are in flight; with {images} more it would be over the limit of "
                f"{self.settings.max_images}. Try again in a second."
            )
        self._count(images)
        try:
            yield
        finally:
            self._count(-images)

    @contextlib.contextmanager
    def admit_explanation(self) -> Iterator[None]:
        """Hold one of the few places for explanations while the block runs.

        Raises:
            Overloaded: as many are in flight as the settings allow.
        """
        if self._explaining >= self._most_explanations:
            raise Overloaded(
                f"{self._explaining} explanations are in flight, which is the limit. Try again in a second, or ask "
                "without explain=true."
            )
        self._explaining += 1
        try:
            yield
        finally:
            self._explaining -= 1

    async def explain(
        self, image: bytes, label: str | None, method: ExplanationMethod, top_k: int
    ) -> Explained:
        """Answer one encoded picture and draw why, in a worker thread, when its turn has come; see `Turns`.

        Raises:
            ImageError: the picture is not taken.
            InputError: the bundle has no such label or method.
        """
        loop, received = asyncio.get_running_loop(), time.perf_counter()
        async with self.turns.explanation():
            explained = await loop.run_in_executor(
                self._threads, self._explain, image, label, method, top_k, received
            )
        self.metrics.count_prediction(explained.prediction)
        self.metrics.count_explanation(explained.spent_ms / 1e3)
        return explained

    async def predict(self, image: bytes, top_k: int, neighbours: int = 0) -> Prediction:
        """Answer one encoded picture in a worker thread.

        Raises:
            ImageError: the picture is not taken.
        """
        loop = asyncio.get_running_loop()
        with self.turns.prediction():
            prediction = await loop.run_in_executor(
                self._threads, self._work, image, top_k, neighbours, time.perf_counter()
            )
        self.metrics.count_prediction(prediction)
        return prediction

    def _count(self, images: int) -> None:
        self._in_flight += images
        self.metrics.in_flight.set(self._in_flight)

    def _work(self, image: bytes, top_k: int, neighbours: int, received: float) -> Prediction:
        waited_ms = (time.perf_counter() - received) * 1e3
        return self.predictor.predict(image, top_k=top_k, neighbours=neighbours, waited_ms=waited_ms)

    def _explain(
        self, image: bytes, label: str | None, method: ExplanationMethod, top_k: int, received: float
    ) -> Explained:
        waited_ms = (time.perf_counter() - received) * 1e3
        found = self.explainer.explain(image, label, method=method, top_k=top_k, waited_ms=waited_ms)
        started = time.perf_counter()
        png = as_png(draw_overlay(found))
        spent_ms = found.milliseconds + (time.perf_counter() - started) * 1e3
        return Explained(found.prediction, found.summary(), png, spent_ms)
