"""Several listeners of one run."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sightline.training.loop.history import EpochRecord


class RunListener(Protocol):
    """Told how far a run is, from the thread that trains.

    Six methods, for they are the six things that a run has to tell.
    """

    def on_plan(self, plan: Mapping[str, str]) -> None:
        """What was chosen, and why, by the name of the choice."""

    def on_resume(self, history: Sequence["EpochRecord"]) -> None:
        """A stopped run is gone on with; these are its epochs so far."""

    def on_embed(self, done: int, total: int) -> None:
        """So many of all images have been through the frozen backbone."""

    def on_step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """A batch of an epoch has been learnt from; `step` counts from 1."""

    def on_epoch(self, record: "EpochRecord") -> None:
        """An epoch has ended and been validated."""

    def on_note(self, text: str) -> None:
        """Something that a reader of the figures should know."""


class Listeners:
    """Passes each call on to all, in their order."""

    def __init__(self, *listeners: RunListener) -> None:
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
