"""Several listeners of one run."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sightline.training.loop.history import EpochRecord, Progress


class Listeners:
    """Passes each call on to all, in their order."""

    def __init__(self, *listeners: "Progress") -> None:
        self._listeners = listeners

    def on_plan(self, plan: Mapping[str, str]) -> None:
        """Passed on."""
        for one in self._listeners:
            one.on_plan(plan)

    def on_resume(self, history: Sequence["EpochRecord"]) -> None:
        """Passed on."""
        for one in self._listeners:
            one.on_resume(history)

    def on_embed(self, done: int, total: int) -> None:
        """Passed on."""
        for one in self._listeners:
            one.on_embed(done, total)

    def on_step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """Passed on."""
        for one in self._listeners:
            one.on_step(epoch, step, steps, loss)

    def on_epoch(self, record: "EpochRecord") -> None:
        """Passed on."""
        for one in self._listeners:
            one.on_epoch(record)

    def on_note(self, text: str) -> None:
        """Passed on."""
        for one in self._listeners:
            one.on_note(text)
