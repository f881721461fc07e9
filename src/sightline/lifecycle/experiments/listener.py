"""Who is told how far an experiment is."""

from typing import Protocol


class Listener(Protocol):
    """Told of each training of an experiment; what happens within one is told to the training's own listener."""

    def begin(self, number: int, count: int, title: str) -> None:
        """The training of that number, from 1, begins."""

    def end(self, outcome: str) -> None:
        """What came of it, in a few words."""

    def note(self, text: str) -> None:
        """Something that a reader of the figures should know."""
