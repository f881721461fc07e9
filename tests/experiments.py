"""What tests of experiments share: a listener that remembers, and a learner's recipe of seconds."""

from collections.abc import Sequence
from pathlib import Path

from quadrants import quick
from sightline.training import Recipe, recipe_for


class Told:
    """Remembers what it is told; can break off at a training, as Ctrl-C does."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.titles: list[str] = []
        self.outcomes: list[str] = []
        self.notes: list[str] = []
        self._stop_at = stop_at

    def begin(self, number: int, count: int, title: str) -> None:
        if number == self._stop_at:
            raise KeyboardInterrupt
        self.titles.append(title)

    def end(self, outcome: str) -> None:
        self.outcomes.append(outcome)

    def note(self, text: str) -> None:
        self.notes.append(text)


def short_recipe(images: Path, *overrides: str) -> Recipe:
    """A recipe of one short epoch on those images, from scratch."""
    short: Sequence[str] = ("training.strategy=scratch", "training.epochs=1", "data.num_workers=1")
    return recipe_for(images, quick(*short, *overrides))
