"""The folder of a run: what was asked, what was chosen, every epoch, the curves, the log, and how it ended."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from sightline.errors import TrainingError
from sightline.training.recipe.recipe_file import to_yaml
from sightline.training.run.curves import draw_curves
from sightline.training.run.facts import RunFacts
from sightline.training.run.figures import flat_record, strict_json, to_csv
from sightline.training.run.lock import FolderLock
from sightline.training.run.record import (
    CHECKPOINT_FILE,
    RECORD_FILE,
    WEIGHTS_FILE,
    RunRecord,
    Status,
    require_place,
    to_json,
)
from sightline.whole_file import write_whole

if TYPE_CHECKING:
    from sightline.training.loop.history import EpochRecord

# The checkpoint goes first, so that no half-emptied folder could be gone on from.
_FILES = (
    CHECKPOINT_FILE,
    WEIGHTS_FILE,
    "metrics.jsonl",
    "metrics.csv",
    "curves.png",
    "train.log",
    "mlflow.json",
)
# The curves are drawn again when this many times what drawing takes has gone by, and at the latest after a pause.
_DRAWING_SHARE = 30
_PAUSE_S = 30.0


class RunFolder:
    """Keeps the record of one run, beside its bundle, and is a listener of the run.

    recipe.yaml     the recipe, every key written out
    run.json        `RunRecord`: data, plan, environment, times, status, result
    metrics.jsonl   an `EpochRecord` a line, written when the epoch has ended; figures that are no numbers are null
    metrics.csv     the same with flat columns, as in `val/accuracy`
    curves.png      losses, metrics and learning rates; drawn at the end, and before as often as costs at most 3 %
    weights.safetensors  the network that was kept, for `model.start` of another run; when the run has finished
    train.log       everything that was told, with the time

    What `begin` does, by what is there:

    | there                                   | by default | `resume`  | `replace`           |
    |-----------------------------------------|------------|-----------|---------------------|
    | nothing, or an empty folder             | begins     | InputError| begins              |
    | a run that ended early, its checkpoint  | InputError | goes on   | removed, then begins|
    | a run that ended early, no checkpoint   | begins     | begins    | removed, then begins|
    | a finished run                          | InputError | InputError| removed, then begins|
    | a run that is going on now              | InputError | InputError| InputError          |
    | anything else                           | InputError | InputError| InputError          |

    Removed are the files of a run; whatever else lies in the folder stays. `stop`, `fail` or `finish` ends the
    run; a process that dies leaves `running` behind, and its lock goes with it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FolderLock(path)
        self._run: RunRecord | None = None
        self._records: list[EpochRecord] = []
        self._best_metric = "loss"
        self._drawing_s = 0.0
        self._drawn_at = float("-inf")

    @property
    def checkpoint_path(self) -> Path:
        """Where the run's checkpoint belongs."""
        return self.path / CHECKPOINT_FILE

    def check(self, *, resume: bool = False, replace: bool = False) -> None:
        """Refuse what `begin` would refuse, before hours are spent on reading data; nothing is changed.

        Raises:
            InputError: see the table above; or the place cannot be written to.
        """
        self._lock.require_free()
        require_place(self.path, resume=resume, replace=replace)

    def begin(self, facts: RunFacts, *, resume: bool = False, replace: bool = False) -> None:
        """Make the folder, or go on with it, and write down what is known.

        Raises:
            InputError: see the table above; or the place cannot be written to.
        """
        self.check(resume=resume, replace=replace)
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock.take()
        earlier = require_place(self.path, resume=resume, replace=replace)
        _sweep(self.path, () if resume else _FILES)
        self._best_metric = facts.recipe.best_metric
        self._write("recipe.yaml", to_yaml(facts.recipe).encode())
        self._run = RunRecord.beginning(facts, earlier if resume else None, _now())
        self._write_run()
        self._log("The run goes on." if resume else "The run begins.")

    def on_resume(self, history: Sequence["EpochRecord"]) -> None:
        """Make the metrics those of `history`, which is what the checkpoint knows, and nothing after it."""
        self._records = list(history)
        self._write("metrics.jsonl", "".join(map(strict_json, map(_plain, self._records))).encode())
        self._write_figures(
            f"Going on after epoch {self._records[-1].epoch}." if history else "From the start."
        )

    def on_plan(self, plan: Mapping[str, str]) -> None:
        """Written to run.json and the log."""
        self._change(plan={**self._state.plan, **plan})
        for name, reason in plan.items():
            self._log(f"{name}: {reason}")

    def on_stage(self, title: str) -> None:
        """Written to the log."""
        self._log(f"== {title}")

    def on_note(self, text: str) -> None:
        """Written to the log."""
        self._log(f"note: {text}")

    def on_embed(self, done: int, total: int) -> None:
        """Written to the log when all are done."""
        if done == total:
            self._log(f"The backbone has seen all {total} images once.")

    def on_step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """Ignored: the epoch's record has the mean."""

    def on_epoch(self, record: "EpochRecord") -> None:
        """Written to the metrics, the log, and where it costs little to the curves.

        Raises:
            TrainingError: the disk is full, or the folder is gone.
        """
        self._records.append(record)
        self._append("metrics.jsonl", strict_json(_plain(record)))
        shown = ", ".join(f"{name} {value}" for name, value in flat_record(record).items())
        self._write_figures(shown)

    def finish(self, result: Mapping[str, JsonValue]) -> None:
        """The run is done. `result`: what came out, such as `bundle_id`, `best_epoch` and the figures on test."""
        self._end("finished", None, result)

    def stop(self, message: str) -> None:
        """The run was stopped from outside and can be resumed."""
        self._end("stopped", message, {})

    def fail(self, message: str) -> None:
        """The run could not go on; the message says why."""
        self._end("failed", message, {})

    @property
    def _state(self) -> RunRecord:
        assert self._run is not None, "begin() comes first"
        return self._run

    def _end(self, status: Status, message: str | None, result: Mapping[str, JsonValue]) -> None:
        if self._records:
            self._draw()
        self._log(f"{status}{'.' if message is None else f': {message}'}")
        self._change(status=status, message=message, result=dict(result), ended=_now())
        self._lock.give_back()

    def _write_figures(self, line: str) -> None:
        self._log(line)
        self._write("metrics.csv", to_csv([flat_record(one) for one in self._records]).encode())
        self._change(epoch=self._records[-1].epoch if self._records else None)
        pause_s = min(_PAUSE_S, _DRAWING_SHARE * self._drawing_s)
        if self._records and time.perf_counter() - self._drawn_at >= pause_s:
            self._draw()

    def _draw(self) -> None:
        started = time.perf_counter()
        png = draw_curves(self._records, best_metric=self._best_metric, title=self.path.resolve().name)
        self._write("curves.png", png)
        self._drawn_at = time.perf_counter()
        self._drawing_s = self._drawn_at - started

    def _change(self, **changes: Any) -> None:
        self._run = self._state.model_copy(update=changes)
        self._write_run()

    def _write_run(self) -> None:
        self._write(RECORD_FILE, to_json(self._state))

    def _write(self, name: str, content: bytes) -> None:
        try:
            write_whole(self.path / name, content)
        except OSError as err:
            raise self._cannot_write(name, err) from err

    def _log(self, text: str) -> None:
        self._append("train.log", "".join(f"{_now()}  {line}\n" for line in text.splitlines() or [""]))

    def _append(self, name: str, text: str) -> None:
        try:
            with (self.path / name).open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as err:
            raise self._cannot_write(name, err) from err

    def _cannot_write(self, name: str, err: OSError) -> TrainingError:
        return TrainingError(
            f"'{self.path / name}' cannot be written: {err.strerror or err}. Make room or mend the permissions, then "
            "go on with --resume."
        )


def _plain(record: "EpochRecord") -> dict[str, Any]:
    return record.model_dump(mode="json")


def _sweep(folder: Path, names: Sequence[str]) -> None:
    """Remove the named files, and what a process that died in the middle of writing has left."""
    for path in [*(folder / name for name in names), *folder.glob(".*.partial")]:
        with suppress(FileNotFoundError):
            path.unlink()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
