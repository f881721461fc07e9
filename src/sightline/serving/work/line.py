"""The line before the worker threads: bounded, fair between clients, and rid of what nobody waits for any more."""

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sightline.errors import DeadlineExceeded, Overloaded
from sightline.serving.work.jobs import Heavy, Job, Picture

_URGENT_TURNS = 4
_SMOOTHING = 0.05
_SLOWEST = 1.55
"""How much longer than the mean the slowest of a hundred takes; with it promises are kept at three times the load."""


_ROW_PIXELS, _ROW_S = 2_000_000, 0.05
"""What a thread takes in a row. More than that takes far longer than a row saves, and keeps others from their turns."""


@dataclass(frozen=True)
class Bounds:
    """How much may be in the line and at work.

    images
        Pictures, and heavy jobs with them.
    pixels
        Of their declared sizes together. One picture alone is always let in.
    heavy
        Heavy jobs.
    wait_s
        Refuse what would, by the pace of late, be answered later than this after it came.
    """

    images: int = 128
    pixels: int = 512_000_000
    heavy: int = 8
    wait_s: float = math.inf


@dataclass(frozen=True)
class Taken:
    """What a thread is to do next, and what it only has to give an error to."""

    job: Job[Any] | None
    dropped: Sequence[tuple[Job[Any], Exception]] = ()


class Line:
    """Jobs on their way. `check`, `enter` and `leave` belong to the event loop, the rest to the threads.

    Pictures go before heavy jobs, but no more than `bounds.images` of them while a heavy job waits; and one thread of
    two and more is never given to heavy jobs.
    """

    def __init__(self, bounds: Bounds, threads: int, delay_s: float = 0.0) -> None:
        self.bounds = bounds
        self.images = self.pixels = self.heavy = 0
        """In the line or at work."""
        self.seconds_each = 0.0
        """How long a thread is at work on a picture, of late."""
        self._threads = threads
        self._delay_s = delay_s
        self._changed = threading.Condition()
        self._urgent, self._usual = _ByClient(), _ByClient()
        self._turns = 0
        self._heavies: deque[Heavy] = deque()
        self._heavy_at_work = self._passed = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """Pictures and heavy jobs that no thread has taken yet."""
        return self._urgent.count + self._usual.count + len(self._heavies)

    def check(self, images: int = 1, pixels: int = 0) -> None:
        """Refuse what would not be let in now.

        Raises:
            Overloaded: a bound is reached.
        """
        bounds = self.bounds
        if self.images + images > bounds.images:
            raise self._refusal(
                f"{self.images} images are in flight; with {images} more it would be over the limit of "
                f"{bounds.images}."
            )
        if self.pixels and self.pixels + pixels > bounds.pixels:
            raise self._refusal(
                f"Images of {self.pixels:,} pixels are in flight; with {pixels:,} more it would be over the limit "
                f"of {bounds.pixels:,}."
            )
        expected_s = self.expected_s(images) * _SLOWEST
        if self.images and expected_s > bounds.wait_s:
            raise self._refusal(
                f"An answer would take {expected_s * 1e3:.0f} ms, longer than the {bounds.wait_s * 1e3:.0f} ms "
                "that this server promises."
            )

    def expected_s(self, images: int = 1) -> float:
        """How long until so many more are answered, at the pace of late."""
        return (self.images + images) * self.seconds_each / self._threads

    def enter(self, job: Job[Any]) -> None:
        """Let a job in, or refuse it at once.

        Raises:
            Overloaded: a bound is reached.
        """
        self.check(1, job.pixels)
        if isinstance(job, Heavy):
            if self.heavy >= self.bounds.heavy:
                raise self._refusal(f"{self.heavy} explanations are in flight, which is the limit.")
            self.heavy += 1
        self.images += 1
        self.pixels += job.pixels
        with self._changed:
            if isinstance(job, Heavy):
                self._heavies.append(job)
            else:
                assert isinstance(job, Picture)
                (self._urgent if job.waiting.urgent else self._usual).append(job)
            self._changed.notify()

    def leave(self, job: Job[Any]) -> None:
        """Give up the place of a job that has its answer."""
        self.images -= 1
        self.pixels -= job.pixels
        self.heavy -= isinstance(job, Heavy)

    def worked(self, images: int, seconds: float) -> None:
        """Note how long a thread was at work on so many pictures."""
        with self._changed:
            change = seconds / images - self.seconds_each
            self.seconds_each += change * (_SMOOTHING if self.seconds_each else 1.0)

    def take(self) -> Taken | None:
        """Wait for work; None: the line is closed and empty."""
        with self._changed:
            while True:
                dropped: list[tuple[Job[Any], Exception]] = []
                job = self._next(dropped)
                if job or dropped:
                    return Taken(job, dropped)
                if self._closed and not self._heavies:
                    return None
                self._changed.wait()

    def another(self, row: Sequence[Picture]) -> Taken:
        """One more picture for a thread that has decoded some and not run them yet; no job: run them.

        Asked after each, so that a row grows by what comes while it is decoded, and nothing waits for that.
        """
        first, pixels = row[0], _ROW_PIXELS - sum(one.pixels for one in row)
        dropped: list[tuple[Job[Any], Exception]] = []
        with self._changed:
            if len(row) >= self._share(first, len(row)):
                return Taken(None)
            job = self._pop(dropped, like=first, pixels=pixels)
            self._passed += job is not None and bool(self._heavies)
            return Taken(job, dropped)

    def done(self, job: Heavy) -> None:
        """Free the turn of a heavy job."""
        with self._changed:
            self._heavy_at_work -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let `take` return None once everything is taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self, dropped: list[tuple[Job[Any], Exception]]) -> Job[Any] | None:
        while self._heavy_is_due():
            heavy = self._heavies.popleft()
            self._passed = 0
            if (error := _unwanted(heavy)) is None:
                self._heavy_at_work += 1
                return heavy
            dropped.append((heavy, error))
        first = self._pop(dropped)
        if first is not None:
            self._wait_for_company(first)
            self._passed += bool(self._heavies)
        return first

    def _heavy_is_due(self) -> bool:
        return (
            bool(self._heavies)
            and self._heavy_at_work < max(1, self._threads - 1)
            and (self._passed >= self.bounds.images or not (self._urgent.count or self._usual.count))
        )

    def _share(self, first: Picture, has: int) -> int:
        """So many in a row, half of a promised time at most.

        A batch, if the other threads have as much or a delay asks for it; beyond that half of what each would have. All
        of that would gain a hundredth, and have the last of a row wait longer (decision 31).
        """
        each = (self._urgent.count + self._usual.count + has) / self._threads
        batch = first.batch_size if self._delay_s else min(first.batch_size, math.ceil(each))
        share = min(first.company, max(batch, math.ceil(each / 2)))
        if self.seconds_each:
            share = min(share, max(first.batch_size, int(_ROW_S / self.seconds_each)))
            if math.isfinite(self.bounds.wait_s):
                share = min(share, max(1, int(self.bounds.wait_s / 2 / self.seconds_each)))
        return share

    def _wait_for_company(self, first: Picture) -> None:
        if self._delay_s and first.company > 1:
            until = first.entered + self._delay_s
            while not self._closed and self._urgent.count + self._usual.count + 1 < first.batch_size:
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break

    def _pop(
        self, dropped: list[tuple[Job[Any], Exception]], like: Picture | None = None, pixels: int = 0
    ) -> Picture | None:
        while True:
            urgent = self._urgent.count and (not self._usual.count or self._turns % (_URGENT_TURNS + 1))
            job = (self._urgent if urgent else self._usual).pop(like, pixels)
            if job is None:
                return None
            self._turns += 1
            if (error := _unwanted(job)) is None:
                return job
            dropped.append((job, error))

    def _refusal(self, why: str) -> Overloaded:
        return Overloaded(f"{why} Try again in a moment.", retry_after_s=math.ceil(self.expected_s()) or 1)


class _ByClient:
    """Pictures by client; the clients take turns."""

    def __init__(self) -> None:
        self.count = 0
        self._clients: OrderedDict[str, deque[Picture]] = OrderedDict()

    def append(self, job: Picture) -> None:
        self._clients.setdefault(job.waiting.client, deque()).append(job)
        self.count += 1

    def pop(self, like: Picture | None, pixels: int) -> Picture | None:
        """The next one; None: there is none, or it does not go with `like`: by its predictor, or with more pixels."""
        if not self._clients:
            return None
        client, jobs = next(iter(self._clients.items()))
        if like is not None and (jobs[0].predictor is not like.predictor or jobs[0].pixels > pixels):
            return None
        job = jobs.popleft()
        self.count -= 1
        if jobs:
            self._clients.move_to_end(client)
        else:
            del self._clients[client]
        return job


def _unwanted(job: Job[Any]) -> Exception | None:
    if job.answer.done() or job.waiting.gone():
        return ConnectionAbortedError("nobody waits for this answer any more")
    if job.waiting.deadline < time.monotonic():
        return out_of_time()
    return None


def out_of_time() -> DeadlineExceeded:
    """What a request gets whose time is over."""
    return DeadlineExceeded("The answer was not ready in the time that the request allowed.")
