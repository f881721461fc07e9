"""Whose turn it is on the worker threads: an explanation costs as much as many answers and must not hold them up."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator


class Turns:
    """Keeps a worker free for predictions. All methods belong to the event loop.

    Of two workers and more, one is never given to an explanation. A single one is given to an explanation when no
    prediction is there, or when `patience` predictions have passed it by, so that it does not wait for ever.
    """

    def __init__(self, workers: int, patience: int) -> None:
        self.predictions = 0
        """Waiting for a worker, or on one."""
        self._answered = 0
        self._one_answered = asyncio.Event()
        self._explaining = asyncio.Semaphore(max(1, workers - 1))
        self._shares_worker = workers == 1
        self._patience = patience

    @contextlib.contextmanager
    def prediction(self) -> Iterator[None]:
        """Hold this around the work of a prediction."""
        self.predictions += 1
        try:
            yield
        finally:
            self.predictions -= 1
            self._answered += 1
            self._one_answered.set()

    @contextlib.asynccontextmanager
    async def explanation(self) -> AsyncIterator[None]:
        """Wait for the turn of an explanation, and hold it around its work."""
        async with self._explaining:
            latest = self._answered + self._patience
            while self._shares_worker and self.predictions and self._answered < latest:
                self._one_answered.clear()
                await self._one_answered.wait()
            yield
