"""Where a run has come to, kept in a file from which it goes on as if it had never stopped."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sightline.errors import TrainingError
from sightline.training.loop.best import Best
from sightline.training.loop.epochs import Position
from sightline.training.loop.history import EpochRecord
from sightline.training.loop.phases import Phase
from sightline.training.loop.probe import Probe
from sightline.training.network.network import Network
from sightline.training.pruning.pruning import Pruning
from sightline.training.run.checkpoint import Checkpoint, read_checkpoint, write_checkpoint


@dataclass(frozen=True)
class Saving:
    """Where to keep the state of a run and how often.

    identity
        What must be the same for a run to be gone on with: digests of recipe and data, packages, processes.
    resume
        Whether to go on from what is there; without a file there, the run begins anew.
    every_s
        Seconds between two writes. What is done after the last one is done again when a run is resumed.
    """

    path: Path
    identity: Mapping[str, str]
    resume: bool = False
    every_s: float = 30.0


@dataclass(eq=False)
class Progressed:
    """All of a run that changes while it goes on, the phase's own objects apart."""

    network: Network
    best: Best
    history: list[EpochRecord]
    at: Position
    probe: Probe | None = None
    pruning: Pruning | None = None


class Keeper:
    """Writes the state of a run now and then, and gives it back."""

    def __init__(self, saving: Saving | None, *, writes: bool) -> None:
        self._saving = saving
        self._writes = writes and saving is not None
        self._last = time.monotonic()
        self.found: Checkpoint | None = None
        if saving is not None and saving.resume and saving.path.exists():
            self.found = read_checkpoint(saving.path)
            _require_same_run(saving, self.found.facts["identity"])

    def take_up(self, run: Progressed) -> None:
        """Put a found state into the run, but for what belongs to its phase."""
        if self.found is None:
            return
        facts, tensors = self.found.facts, self.found.tensors
        if run.pruning is not None:
            run.pruning.take_up([tuple(cut) for cut in facts["cuts"]], facts["levels"])
        run.network.load_state_dict(dict(tensors["network"]))
        run.best.resume(facts["best"], dict(tensors["best"]))
        run.history[:] = [EpochRecord.model_validate(one) for one in facts["history"]]
        run.at = Position(**facts["position"])
        if facts["probe"] is not None:
            head = tensors["probe"]
            run.probe = Probe(weight=head["weight"], bias=head["bias"], **facts["probe"])

    def take_up_phase(self, phase: Phase) -> None:
        """Put a found state into the phase that it was written in."""
        if self.found is None or self.found.facts["phase"] != phase.name:
            return
        if self.found.facts.get("phase_begins", phase.epochs.start) != phase.epochs.start:
            return  # it was written at the very end of the level before, whose parameters are no more
        phase.optimizer.load_state_dict(dict(self.found.optimizer))
        phase.schedule.restore(self.found.facts["schedule"])
        phase.scaler.load_state_dict(self.found.facts["scaler"])
        if phase.average is not None:
            phase.average.restore(self.found.tensors["average"], self.found.facts["average_steps"])
        self.found = None

    def offer(self, run: Progressed, phase: Phase, *, now: bool = False) -> None:
        """Write the state if it is time to, or asked for."""
        if not self._writes or not (now or time.monotonic() - self._last >= self._interval):
            return
        self.write(run, phase)

    def write(self, run: Progressed, phase: Phase | None) -> None:
        """Write the state."""
        if not self._writes:
            return
        assert self._saving is not None
        tensors: dict[str, Mapping[str, Any]] = {
            "network": run.network.state_dict(),
            "best": run.best.weights,
        }
        if run.probe is not None:
            tensors["probe"] = {"weight": run.probe.weight, "bias": run.probe.bias}
        average = phase.average if phase else None
        if average is not None:
            tensors["average"] = average.weights
        facts = {
            "identity": dict(self._saving.identity),
            "best": run.best.state(),
            "history": [record.model_dump(mode="json") for record in run.history],
            "position": asdict(run.at),
            "probe": None if run.probe is None else _figures(run.probe),
            "phase": phase.name if phase else None,
            "phase_begins": phase.epochs.start if phase else None,
            "cuts": run.pruning.cuts if run.pruning else [],
            "levels": run.pruning.reached if run.pruning else 0,
            "schedule": phase.schedule.state() if phase else {},
            "scaler": phase.scaler.state_dict() if phase else {},
            "average_steps": average.steps if average else 0,
        }
        optimizer = phase.optimizer.state_dict() if phase else {}
        write_checkpoint(self._saving.path, Checkpoint(tensors=tensors, optimizer=optimizer, facts=facts))
        self._last = time.monotonic()

    @property
    def _interval(self) -> float:
        return self._saving.every_s if self._saving else 0.0


def _figures(probe: Probe) -> dict[str, Any]:
    return {
        "penalty": probe.penalty,
        "train_loss": probe.train_loss,
        "validation": probe.validation,
    }


def _require_same_run(saving: Saving, found: Mapping[str, str]) -> None:
    other = [name for name, value in saving.identity.items() if found.get(name) != value]
    if other:
        raise TrainingError(
            f"The unfinished run in '{saving.path.parent}' had another {' and another '.join(other)}. Go on with what "
            "it began with, or start over with --fresh."
        )
