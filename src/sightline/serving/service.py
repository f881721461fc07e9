"""The models in service with the line of work before them, and readiness around them."""

import asyncio
import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from numpy import uint8
from numpy.typing import NDArray

from sightline import __version__
from sightline.errors import NotReady, Overloaded, SightlineError
from sightline.images import InspectedImage, inspect_image
from sightline.inference import Ask, InFull, Predictor, as_png, draw_overlay
from sightline.monitoring import CURRENT, ServiceMetrics, Tracing
from sightline.records import ExplanationMethod, ExplanationSummary, Prediction
from sightline.serving.merged_metrics import Siblings
from sightline.serving.models import Models, Served, check_model, open_model, threads_for, with_batch_size
from sightline.serving.security import Links
from sightline.serving.settings import ServerSettings
from sightline.serving.stage_log import stage_observer
from sightline.serving.statistics import Statistics
from sightline.serving.work import Bounds, Crew, Heavy, Job, Line, Picture, Waiting, out_of_time

log = logging.getLogger("sightline.serving")

_LOADERS_NICENESS = 10

T = TypeVar("T")

State = Literal["starting", "ready", "stopping", "failed"]


@dataclass(frozen=True)
class Explained:
    """An answer, the figures of its explanation, and the overlay as PNG; `spent_ms` with the drawing."""

    prediction: Prediction
    summary: ExplanationSummary
    png: bytes
    spent_ms: float


class Service:
    """Models answering. Everything but what the threads do belongs to the event loop."""

    def __init__(self, models: Sequence[Served], settings: ServerSettings) -> None:
        self.models = Models(models)
        self.settings = settings
        self.metrics = ServiceMetrics(__version__, settings.metric_labels)
        self.statistics = Statistics()
        self.tracing: Tracing | None = None
        self.siblings: Siblings | None = None
        self.state: State = "starting"
        self.failure: SightlineError | None = None
        self.threads = settings.threads or threads_for(models)
        # Half of the places at most are for explanations: the others stay for predictions.
        heavy = min(settings.max_explanations, max(1, settings.max_images // 2))
        promise_s = float("inf") if settings.promise_ms is None else settings.promise_ms / 1e3
        bounds = Bounds(settings.max_images, settings.max_pixels, heavy, promise_s)
        self.line = Line(bounds, self.threads, settings.max_queue_delay_ms / 1e3)
        self.metrics.watch(
            lambda: self.line.images, lambda: self.line.waiting, lambda: self._buffered, settings.max_images
        )
        hosts = settings.security.allow_url_hosts
        self.links = Links(hosts) if hosts else None
        self._crew: Crew | None = None
        self._loader = ThreadPoolExecutor(1, "sightline-loader", initializer=_give_way)
        self._loading = asyncio.Lock()
        self._buffered = 0

    async def start(self) -> None:
        """Make sure of every model, then answer.

        Raises:
            BundleError: golden images give other answers here, or a head cannot be used.
        """
        try:
            for model in list(self.models):
                with self._counted_load():
                    self._put(await self._aside(check_model, model, self.settings))
        except SightlineError as err:
            self.state, self.failure = "failed", err
            raise
        self._crew = Crew(self.line, self.threads, self._count_batch)
        self.state = "ready"
        self.metrics.ready.set(1)
        for model in list(self.models):
            self.models.exchange(model, await self._aside(with_batch_size, model, self.settings))

    async def load(self, path: Path, name: str | None = None) -> Served:
        """Open a bundle, make sure of it, and let it answer under its name in place of what did so far.

        Meanwhile, and if it fails, what did so far goes on. What that has begun it finishes.

        Raises:
            InputError: there is no bundle at this place, or it has no such variant.
            MissingExtra: the variant needs a runtime that is not installed.
            BundleError: it cannot be trusted or used, or its golden images give other answers here.
        """
        async with self._loading:
            with self._counted_load():
                model = await self._aside(open_model, path, self.settings, name)
                model = await self._aside(check_model, model, self.settings)
                model = await self._aside(with_batch_size, model, self.settings)
                self._put(model)
        return model

    @contextlib.contextmanager
    def _counted_load(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self.metrics.count_load(ok=False)
            raise
        self.metrics.count_load(ok=True)

    def unload(self, name: str) -> None:
        """Let nothing answer under this name any more; what it has begun it finishes. Raises `UnknownModel`."""
        self.models.remove(name)
        self.metrics.forget_model(name)
        log.info("unloaded: model %s", name)

    def stop(self) -> None:
        """Admit nothing more, and do what is in the line; may block, and be called from another thread."""
        self.state = "stopping"
        self.metrics.ready.set(0)
        self._loader.shutdown(wait=False, cancel_futures=True)
        if self._crew is not None:
            self._crew.stop()

    def _put(self, model: Served) -> None:
        self.models.put(model)
        self.metrics.name_model(model.name, model.bundle)
        log.info("ready: model %s, bundle %s", model.name, model.bundle.id[:12])

    async def _aside(self, work: Callable[..., T], *arguments: object) -> T:
        """Do it in the thread for loading, which gives way to those that answer."""
        return await asyncio.get_running_loop().run_in_executor(self._loader, work, *arguments)

    def require_room(self, images: int = 1) -> None:
        """Refuse now rather than late, before a body is read.

        Raises:
            NotReady: starting or stopping.
            Overloaded: as much is in flight as the settings allow.
        """
        if self.state != "ready":
            raise NotReady(
                f"The server is {self.state}. Try again in a moment; /readyz says when it is ready."
            )
        self.line.check(images)

    @contextlib.contextmanager
    def buffer(self) -> Iterator[Callable[[int], None]]:
        """Count bytes of a body, by calling what this gives, until the block ends.

        Raises:
            Overloaded: all bodies together are larger than the settings allow.
        """
        held = 0

        def add(count: int) -> None:
            nonlocal held
            limit = self.settings.max_buffered_bytes
            if self._buffered + count > limit:
                raise Overloaded(f"Bodies of {self._buffered:,} bytes are in flight; the limit is {limit:,}.")
            held += count
            self._buffered += count

        try:
            yield add
        finally:
            self._buffered -= held

    def submit(
        self, model: Served, images: Sequence[bytes | NDArray[uint8]], ask: Ask, waiting: Waiting
    ) -> list["asyncio.Future[InFull]"]:
        """Put pictures into the line, all or none; a bad one has its error in its future at once.

        They are encoded, or as the network takes them: uint8 `[height_px, width_px, 3]`.

        Raises:
            Overloaded: a bound is reached.
        """
        limits = model.bundle.manifest.preprocessing.limits
        jobs: list[Picture] = []
        futures: list[asyncio.Future[InFull]] = []
        for index, image in enumerate(images):
            future = self._future(waiting)
            futures.append(future)
            try:
                seen = inspect_image(image, limits) if isinstance(image, bytes) else image
            except SightlineError as err:
                future.set_exception(err)
                continue
            jobs.append(
                Picture(
                    waiting,
                    future,
                    _pixels(seen),
                    predictor=model.predictor,
                    image=seen,
                    ask=ask,
                    batch_size=model.batch_size,
                    company=model.company,
                    observe=stage_observer(index),
                )
            )
        self.enter(jobs)
        if len(images) > 1:
            waiting.owe(len(images) - 1)
        return futures

    def enter(self, jobs: Sequence[Job[Any]]) -> None:
        """Let jobs into the line, all or none. Raises `Overloaded`."""
        self.line.check(len(jobs), sum(job.pixels for job in jobs))
        for job in jobs:
            self.line.enter(job)

    async def answer(self, future: "asyncio.Future[InFull]", model: Served) -> Prediction:
        """Wait for an answer and count it. Raises what went wrong with it."""
        (found,) = await self.answer_all([future], model)
        return found.prediction

    async def answer_all(self, futures: Sequence["asyncio.Future[InFull]"], model: Served) -> list[InFull]:
        """Wait for the answers to all pictures of one request, and count it.

        Raises what went wrong with the first that has no answer; nothing more is done for the others.
        """
        started = time.monotonic()
        try:
            found = [await future for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            self.statistics.failed(model.predictor, time.monotonic() - started)
            raise
        for one in found:
            self._count(model, one.prediction)
        self.statistics.answered(model.predictor, [one.prediction.timings for one in found])
        return found

    def refuse(self, code: str) -> None:
        """Count a refusal of a picture or a request, and note it."""
        self.metrics.count_refusal(code)
        if (notes := CURRENT.get()) is not None:
            notes.error = code

    def _count(self, model: Served, prediction: Prediction) -> None:
        self.metrics.count_prediction(model.name, prediction)
        if (notes := CURRENT.get()) is not None:
            notes.add(model.name, prediction)

    async def explain(
        self,
        model: Served,
        image: bytes,
        label: str | None,
        method: ExplanationMethod,
        top_k: int,
        waiting: Waiting,
    ) -> Explained:
        """Answer one encoded picture and draw why, when its turn has come; see `Line`.

        Raises:
            ImageError: the picture is not taken.
            InputError: the bundle has no such label or method.
            Overloaded: as many are in flight as the settings allow.
        """
        inspected = inspect_image(image, model.bundle.manifest.preprocessing.limits)

        def work(waited_ms: float) -> Explained:
            found = model.explainer.explain(image, label, method=method, top_k=top_k, waited_ms=waited_ms)
            started = time.perf_counter()
            png = as_png(draw_overlay(found))
            spent_ms = found.milliseconds + (time.perf_counter() - started) * 1e3
            return Explained(found.prediction, found.summary(), png, spent_ms)

        future: asyncio.Future[Explained] = self._future(waiting)
        self.enter([Heavy(waiting, future, inspected.pixels, call=work)])
        explained = await future
        self._count(model, explained.prediction)
        self.metrics.count_explanation(model.name, explained.spent_ms / 1e3)
        return explained

    def _count_batch(self, predictor: Predictor, answers: Sequence[InFull]) -> None:
        self.metrics.count_batch(len(answers))
        self.statistics.executed(predictor, [one.prediction.timings for one in answers])

    def _future(self, waiting: Waiting) -> "asyncio.Future[Any]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        future.add_done_callback(_seen)
        if waiting.deadline != float("inf"):
            left = waiting.deadline - time.monotonic()
            timer = loop.call_later(max(0.0, left), _expire, future)
            future.add_done_callback(lambda _: timer.cancel())
        return future


def _pixels(image: InspectedImage | NDArray[uint8]) -> int:
    return image.pixels if isinstance(image, InspectedImage) else int(image.shape[0] * image.shape[1])


def _give_way() -> None:
    """Let this thread run when no other wants to, where the system has priorities for threads."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOADERS_NICENESS)


def _expire(future: "asyncio.Future[Any]") -> None:
    if not future.done():
        future.set_exception(out_of_time())


def _seen(future: "asyncio.Future[Any]") -> None:
    """An error whose request has another answer by now is no news for the log."""
    if not future.cancelled():
        future.exception()
