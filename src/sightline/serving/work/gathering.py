"""Batches for a device that takes one call at a time, as a GPU does: threads decode, one at a time infers."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sightline.inference import Prepared
from sightline.serving.work.jobs import Picture

T = TypeVar("T", bound=tuple[Picture, Prepared])


class Gathering(Generic[T]):
    """What is decoded waits here until the device is free; whoever finds it free runs all that waits.

    A thread that finds it taken goes back to decoding, so that the next batch grows while this one runs.

    run
        Has the device for a batch, and returns what is left to do without it.
    """

    def __init__(self, run: Callable[[Sequence[T]], Callable[[], None]]) -> None:
        self._run = run
        self._ready: deque[T] = deque()
        self._device = threading.Lock()

    def add(self, prepared: T) -> int:
        """Add a decoded picture of one predictor and, if the device is free, run what waits until nothing does.

        Returns how many pictures this call has run.
        """
        self._ready.append(prepared)
        pictures = 0
        # Looked at again after the lock is given back: what came between the last look and that is nobody else's.
        while self._ready and self._device.acquire(blocking=False):
            try:
                batch = self._take()
                rest = self._run(batch) if batch else None
            finally:
                self._device.release()
            pictures += len(batch)
            if rest is not None:
                rest()
        return pictures

    def _take(self) -> Sequence[T]:
        batch: list[T] = []
        while self._ready and len(batch) < (batch[0][0].batch_size if batch else 1):
            batch.append(self._ready.popleft())
        return batch
