"""A training's listener that ends the training when it does not look worth it."""

from collections.abc import Callable, Mapping, Sequence

from sightline.training import EpochRecord, Progress


class Pruned(Exception):
    """Leaves a training from within; never leaves the search."""


class PruningProgress:
    """Passes everything on, and asks after each epoch whether to go on.

    worth_going_on
        Told the epoch and the judged metric.
    """

    def __init__(
        self, inner: Progress | None, metric: str, worth_going_on: Callable[[int, float], bool]
    ) -> None:
        self._inner = inner
        self._metric = metric
        self._worth_going_on = worth_going_on
        self.records: list[EpochRecord] = []

    def on_plan(self, plan: Mapping[str, str]) -> None:
        """Passed on."""
        if self._inner is not None:
            self._inner.on_plan(plan)

    def on_note(self, text: str) -> None:
        """Passed on."""
        if self._inner is not None:
            self._inner.on_note(text)

    def on_resume(self, history: Sequence[EpochRecord]) -> None:
        """Passed on."""
        if self._inner is not None:
            self._inner.on_resume(history)

    def on_embed(self, done: int, total: int) -> None:
        """Passed on."""
        if self._inner is not None:
            self._inner.on_embed(done, total)

    def on_step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """Passed on."""
        if self._inner is not None:
            self._inner.on_step(epoch, step, steps, loss)

    def on_epoch(self, record: EpochRecord) -> None:
        """Passed on.

        Raises:
            Pruned: the training is to end here.
        """
        if self._inner is not None:
            self._inner.on_epoch(record)
        self.records.append(record)
        if not self._worth_going_on(record.epoch, record.validation[self._metric]):
            raise Pruned
