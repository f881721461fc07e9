"""Progress in a terminal: one bar, told by whoever does the work."""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from sightline.training import EpochRecord


class Display:
    """Draws stages, epochs and notes on standard error; implements the listeners of build and training.

    epochs: how many there will be, if it is known; the time that remains is then that of the whole training.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[metric]}"),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, metric="", visible=False)
        self._metric = ""
        self.epochs = 1

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        if kind is KeyboardInterrupt:
            self._console.print(
                "Interrupted. Nothing half-written is left behind; a training that had begun goes on with --resume."
            )

    def stage(self, title: str) -> None:
        """Begin a stage."""
        self._console.print(f"[bold]{escape(title)}[/]")
        self._metric = ""
        self._bar.reset(self._task, total=None, description="", metric="", visible=False)

    def listen(self, title: str) -> Callable[[int, int], None]:
        """Begin a stage; what comes back moves its bar."""
        self.stage(title)
        return self.progress

    def progress(self, done: int, total: int) -> None:
        """Move the bar."""
        self._show("", done, total)

    def note(self, text: str) -> None:
        """Say something that a reader of the figures should know."""
        self._console.print(f"  [yellow]note:[/] {escape(text)}", soft_wrap=True)

    def on_plan(self, plan: Mapping[str, str]) -> None:
        """How what the recipe left open was settled."""
        for name, choice in plan.items():
            self._console.print(f"  {name}: {escape(choice)}", soft_wrap=True)

    def on_note(self, text: str) -> None:
        """Something that a reader of the figures should know."""
        self.note(text)

    def on_resume(self, history: Sequence["EpochRecord"]) -> None:
        """A stopped run is gone on with."""
        self._console.print(f"  going on after epoch {history[-1].epoch if history else 0}")

    def on_embed(self, done: int, total: int) -> None:
        """So many of all images have been through the frozen backbone."""
        self._show("backbone, once over all images", done, total)

    def on_step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """A batch has been learnt from."""
        done = (epoch - 1) * steps + step
        self._show(f"epoch {epoch}, loss {loss:.3f}", done, max(self.epochs, epoch) * steps)

    def on_epoch(self, record: "EpochRecord") -> None:
        """An epoch has been validated."""
        figures = ", ".join(
            f"{name} {value:.4f}" for name, value in record.validation.items() if "/" not in name
        )
        self._metric = figures
        self._console.print(
            f"  epoch {record.epoch:>3} {record.phase:<11} loss {record.train_loss:.3f}  val: {figures}  "
            f"({record.seconds:.1f} s, {record.images_per_s:.0f} images/s)",
            soft_wrap=True,
        )

    def _show(self, description: str, done: int, total: int) -> None:
        self._bar.update(
            self._task,
            description=description,
            completed=done,
            total=total,
            metric=self._metric,
            visible=done < total,
        )
