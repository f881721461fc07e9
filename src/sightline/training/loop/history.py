"""What a training run tells: its plan, a record of each epoch, and what came out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from sightline.records import Frozen
from sightline.training.loop.probe import Probe
from sightline.training.network.network import Network

PhaseName = Literal["probe", "frozen", "fine_tuning"]


class EpochRecord(Frozen):
    """One pass over the training images.

    epoch
        Counted from 1 through both phases. 0 is the linear probe, from which the head begins.
    train_loss
        Mean over the epoch's images, augmentation, dropout and label smoothing included.
    validation
        The recipe's metrics by name; `per_class_f1` appears as `f1/<label>`.
    head_learning_rate, backbone_learning_rate
        At the epoch's last step; 0 for a fixed backbone.
    seconds
        Training and validation. The one pass through a frozen backbone is before the first epoch, in none.
    images_per_s
        Training images by the seconds spent on training alone.
    """

    phase: PhaseName
    epoch: int
    train_loss: float
    validation: dict[str, float]
    head_learning_rate: float
    backbone_learning_rate: float
    seconds: float
    images_per_s: float


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished run.

    network
        With the weights of the best epoch, in evaluation mode, on the CPU.
    best_epoch
        The `epoch` of that record in `history`.
    device
        Where the training ran, `cpu` or `cuda`.
    plan
        What the recipe left open, and how and why it was settled.
    probe
        The linear probe on the pretrained backbone; None where there are no pretrained weights.
    """

    network: Network
    history: tuple[EpochRecord, ...]
    best_epoch: int
    device: str
    plan: Mapping[str, str]
    probe: Probe | None

    @property
    def best(self) -> EpochRecord:
        """The record of the best epoch."""
        return next(record for record in self.history if record.epoch == self.best_epoch)


class Progress(Protocol):
    """Told how far a run is, from the thread that called `train`."""

    def on_plan(self, plan: Mapping[str, str]) -> None:
        """How what the recipe left open was settled, and why."""

    def on_note(self, text: str) -> None:
        """Something that a reader of the figures should know."""

    def on_resume(self, history: Sequence[EpochRecord]) -> None:
        """A stopped run is gone on with; these are its epochs so far."""

    def on_embed(self, done: int, total: int) -> None:
        """So many of all images have been through the frozen backbone."""

    def on_step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """A batch of an epoch has been learnt from; `step` counts from 1."""

    def on_epoch(self, record: EpochRecord) -> None:
        """An epoch has ended and been validated."""


class NoProgress:
    """Tells nobody."""

    def on_plan(self, plan: Mapping[str, str]) -> None:
        """Ignored."""

    def on_note(self, text: str) -> None:
        """Ignored."""

    def on_resume(self, history: Sequence[EpochRecord]) -> None:
        """Ignored."""

    def on_embed(self, done: int, total: int) -> None:
        """Ignored."""

    def on_step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """Ignored."""

    def on_epoch(self, record: EpochRecord) -> None:
        """Ignored."""
