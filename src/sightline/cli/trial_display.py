"""Progress of many trainings in a terminal: a line each, and a bar for the one that runs."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from rich.markup import escape

from sightline.cli.plain import printable
from sightline.cli.progress import Display

if TYPE_CHECKING:
    from sightline.training import EpochRecord


class TrialDisplay(Display):
    """As `Display`, without a line for each epoch; implements the listener of experiments too.

    What every training says, its plan and its notes, is said once.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self._said: set[str] = set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        if kind is KeyboardInterrupt:
            self._console.print("Interrupted. The same command goes on from here.")

    def begin(self, number: int, count: int, title: str) -> None:
        """A training begins."""
        self.stage(f"{number} of {count}: {printable(title)}")

    def end(self, outcome: str) -> None:
        """A training has ended."""
        self._console.print(f"  {escape(printable(outcome))}", soft_wrap=True)

    def note(self, text: str) -> None:
        """Say something that a reader of the figures should know, if it has not been said."""
        if text not in self._said:
            self._said.add(text)
            super().note(text)

    def on_plan(self, plan: Mapping[str, str]) -> None:
        """How what the recipe left open was settled, if it has not been said."""
        new = {name: choice for name, choice in plan.items() if f"{name}: {choice}" not in self._said}
        self._said.update(f"{name}: {choice}" for name, choice in new.items())
        super().on_plan(new)

    def on_epoch(self, record: "EpochRecord") -> None:
        """An epoch has been validated: its figures stand beside the bar."""
        self._metric = ", ".join(
            f"{name} {value:.4f}" for name, value in record.validation.items() if "/" not in name
        )
