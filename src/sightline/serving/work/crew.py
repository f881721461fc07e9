"""Threads that do what waits in the line, each decoding, inferring and deciding without a hand-over."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from sightline.inference import Inferred, InFull, Predictor, Prepared
from sightline.serving.work.gathering import Gathering
from sightline.serving.work.jobs import Heavy, Job, Picture
from sightline.serving.work.line import Line, Taken

log = logging.getLogger("sightline.serving")


class Crew:
    """As many threads as told. Answers are handed to the event loop that the crew was made on.

    on_batch is called from the threads with what was answered together, and whose predictor did it.
    """

    def __init__(
        self,
        line: Line,
        threads: int,
        on_batch: Callable[[Predictor, Sequence[InFull]], None] = lambda _, __: None,
    ) -> None:
        self._line = line
        self._loop = asyncio.get_running_loop()
        self._on_batch = on_batch
        self._answered: deque[tuple[Job[Any], Any, BaseException | None]] = deque()
        self._gatherings: WeakKeyDictionary[Predictor, Gathering[Any]] = WeakKeyDictionary()
        self._gathering_lock = threading.Lock()
        self._decoding_s = 0.0
        self._threads = [
            threading.Thread(target=self._work, name=f"sightline-worker-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Do what is in the line, then end the threads."""
        self._line.close()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (taken := self._line.take()) is not None:
            self._drop(taken)
            if isinstance(taken.job, Heavy):
                self._do_heavy(taken.job)
            elif isinstance(taken.job, Picture):
                self._do_pictures(taken.job)
            del taken  # else the last picture, and its model with it, stays until the next comes

    def _drop(self, taken: Taken) -> None:
        for job, error in taken.dropped:
            self._hand_over(job, None, error)

    def _do_heavy(self, job: Heavy) -> None:
        try:
            self._hand_over(job, job.call(_since(job)), None)
        except Exception as err:  # whatever it is, it belongs to the one who waits for it
            self._hand_over(job, None, err)
        finally:
            self._line.done(job)

    def _do_pictures(self, first: Picture) -> None:
        started = time.monotonic()
        row, prepared = [first], self._prepare(first)
        if first.predictor.engine.one_at_a_time:
            gathering = self._gathering(first.predictor)
            pictures = sum(gathering.add(one) for one in prepared)
            self._note(pictures, time.monotonic() - started)
            return
        while job := self._another(row):
            row.append(job)
            prepared += self._prepare(job)
        if prepared:
            self._answer(prepared)
        self._line.worked(len(row), time.monotonic() - started)

    def _note(self, pictures: int, seconds: float) -> None:
        """Threads decode for a device and one of them runs it: what a picture takes they know together."""
        with self._gathering_lock:
            self._decoding_s += seconds
            if pictures:
                self._line.worked(pictures, self._decoding_s)
                self._decoding_s = 0.0

    def _another(self, row: Sequence[Picture]) -> Picture | None:
        taken = self._line.another(row)
        self._drop(taken)
        return taken.job if isinstance(taken.job, Picture) else None

    def _prepare(self, job: Picture) -> list[tuple[Picture, Prepared]]:
        """The picture with what the network takes; nothing: it has been answered with its error."""
        try:
            return [(job, job.predictor.prepare(job.image, waited_ms=_since(job), observe=job.observe))]
        except Exception as err:  # an ImageError, or a fault in a decoder: of this picture alone
            self._hand_over(job, None, err)
            return []

    def _answer(self, prepared: Sequence[tuple[Picture, Prepared]]) -> None:
        """All together while more than a row waits, which costs least; else each as soon as its graph has run."""
        first = prepared[0][0]
        while prepared:
            size = len(prepared) if self._line.waiting > first.company else first.batch_size
            self._infer(prepared[:size])()
            prepared = prepared[size:]

    def _infer(self, prepared: Sequence[tuple[Picture, Prepared]]) -> Callable[[], None]:
        """Run the graph; return what is left to do."""
        first = prepared[0][0]
        try:
            inferred = first.predictor.infer([one for _, one in prepared], first.batch_size)
        except Exception as err:  # an engine's errors share no class
            return partial(self._refuse, prepared, err)
        return partial(self._conclude, prepared, inferred)

    def _conclude(self, prepared: Sequence[tuple[Picture, Prepared]], inferred: Inferred) -> None:
        predictor = prepared[0][0].predictor
        try:
            answers = predictor.conclude(
                [one for _, one in prepared], [job.ask for job, _ in prepared], inferred
            )
        except Exception as err:  # a fault; those who wait are not to wait for ever
            self._refuse(prepared, err)
            return
        self._on_batch(predictor, answers)
        for (job, _), answer in zip(prepared, answers, strict=True):
            self._hand_over(job, answer, None)

    def _refuse(self, prepared: Sequence[tuple[Picture, Prepared]], error: Exception) -> None:
        for job, _ in prepared:
            self._hand_over(job, None, error)

    def _gathering(self, predictor: Predictor) -> Gathering[Any]:
        with self._gathering_lock:
            return self._gatherings.setdefault(predictor, Gathering(self._infer))

    def _hand_over(self, job: Job[Any], answer: Any, error: BaseException | None) -> None:
        self._answered.append((job, answer, error))
        self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        while self._answered:
            job, answer, error = self._answered.popleft()
            self._line.leave(job)
            if job.answer.done():  # nobody waits any more
                continue
            if error is None:
                job.answer.set_result(answer)
            else:
                job.answer.set_exception(error)


def _since(job: Job[Any]) -> float:
    return (time.monotonic() - job.entered) * 1e3
