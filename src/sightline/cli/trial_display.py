"""Progress of many trainings in a terminal: a line each, and a bar for the one that runs."""

from types import TracebackType
from typing import TYPE_CHECKING

from rich.markup import escape

from sightline.cli.plain import printable
from sightline.cli.progress import Display

if TYPE_CHECKING:
    from sightline.training import EpochRecord


class TrialDisplay(Display):
    """As `Display`, without a line for each epoch; implements the listener of experiments too."""

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

    def on_epoch(self, record: "EpochRecord") -> None:
        """An epoch has been validated: its figures stand beside the bar."""
        self._metric = ", ".join(
            f"{name} {value:.4f}" for name, value in record.validation.items() if "/" not in name
        )
