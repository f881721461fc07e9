"""One epoch of any phase, step by step."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from sightline.errors import TrainingError
from sightline.training.loop.phases import Phase
from sightline.training.loop.session import Session
from sightline.training.objective.losses import distillation
from sightline.training.objective.optimizer import set_learning_rates
from sightline.training.objective.order import epoch_order
from sightline.training.pictures.batch import Batch

# A loss so many times that of guessing has left for good, whatever its figure.
_EXPLODED = 1e4


@dataclass
class Position:
    """Where a run is: the step of the epoch that comes next, and what the steps before it summed up to."""

    epoch: int = 1
    step: int = 0
    loss_sum: float = 0.0
    images: int = 0
    seconds: float = 0.0


def cut_batches(session: Session, epoch: int) -> list[Batch]:
    """The batches of an epoch, of all processes together, in the order that belongs to seed and epoch.

    A last batch that is too small to give each process a picture, or batch norm two, is left out.
    """
    order = epoch_order(session.draw_weights, len(session.train), session.recipe.seed, epoch)
    size = session.plan.batch_size
    places = np.arange(len(order))
    starts = range(0, len(order), size)
    batches = [Batch(order[start : start + size], places[start : start + size]) for start in starts]
    short = len(batches[-1].rows) < max(2, session.team.size)
    return batches[:-1] if len(batches) > 1 and short else batches


def learn_epoch(session: Session, phase: Phase, at: Position, after_step: Callable[[], None]) -> None:
    """Train the phase's parameters for the rest of an epoch; `at` moves along.

    Raises:
        TrainingError: the loss or the gradient is no number any more, or has exploded.
    """
    batches = cut_batches(session, at.epoch)
    module = phase.begin_epoch(at.epoch)
    inputs = phase.inputs([part for batch in batches[at.step :] for part in _parts(session, batch)], at.epoch)
    begun = time.perf_counter()
    for step in range(at.step, len(batches)):
        done = (at.epoch - phase.epochs.start) * len(batches) + step
        set_learning_rates(phase.optimizer, phase.schedule.share(done))
        _seed_step(session, at.epoch, step)
        loss = _learn_step(session, phase, module, batches[step], inputs, at.epoch, step)
        if phase.average is not None:
            phase.average.update(session.network)
        count = len(batches[step].rows)
        at.step, at.images, at.loss_sum = step + 1, at.images + count, at.loss_sum + loss * count
        now = time.perf_counter()
        at.seconds, begun = at.seconds + now - begun, now
        session.progress.on_step(at.epoch, step + 1, len(batches), loss)
        after_step()


def _learn_step(
    session: Session,
    phase: Phase,
    module: nn.Module,
    batch: Batch,
    inputs: Iterator[Tensor],
    epoch: int,
    step: int,
) -> float:
    """One step of the optimiser; the mean loss over the images of all processes."""
    optimizer, scaler, network = phase.optimizer, phase.scaler, session.network
    optimizer.zero_grad(set_to_none=True)
    total = torch.zeros((), dtype=torch.float64, device=session.device)
    parts = _parts(session, batch)
    for place, (part, images) in enumerate(zip(parts, inputs, strict=False)):
        losses = _losses(session, phase, module, part, images, epoch, step * len(parts) + place)
        # The mean over the whole batch: processes average their gradients, parts add theirs up.
        share = losses.sum() / len(batch.rows) * session.team.size
        scaler.scale(share).backward()  # type: ignore[no-untyped-call]
        total += losses.detach().sum()
    scaler.unscale_(optimizer)
    limit = session.recipe.training.gradient_clip
    norm = torch.nn.utils.clip_grad_norm_(network.parameters(), math.inf if limit is None else limit)
    # Read together, and before any weight has moved: for each reading the host waits until a GPU has caught up.
    loss, length = torch.stack([session.team.total(total) / len(batch.rows), norm.double()]).tolist()
    _require_sound(session, loss, batch, epoch)
    if not scaler.is_enabled():
        _require_sound(session, length, batch, epoch, what="gradient")
    scaler.step(optimizer)
    scaler.update()
    return float(loss)


def _losses(
    session: Session, phase: Phase, module: nn.Module, part: Batch, images: Tensor, epoch: int, draw: int
) -> Tensor:
    """The loss of each image of a part, float32 `[n]`."""
    training = session.recipe.training
    targets = session.targets[torch.from_numpy(part.rows)].to(session.device, non_blocking=True)
    if phase.sees_pictures and session.mixing is not None:
        images, targets = session.mixing(images, targets, epoch, draw * session.team.size + session.team.rank)
    with session.plan.precision.autocast() if phase.sees_pictures else torch.enable_grad():
        logits = module(images)
    losses = session.objective(logits, targets)
    if phase.sees_pictures and session.teacher is not None:
        taught = distillation(
            logits, session.teacher.logits(images), session.recipe.task, training.teacher_temperature
        )
        losses = (1 - training.teacher_weight) * losses + training.teacher_weight * taught
    return losses


def _parts(session: Session, batch: Batch) -> list[Batch]:
    """This process's rows of a batch, in the parts whose gradients are added up."""
    own = session.team.share(len(batch.rows))
    rows, places = batch.rows[own], batch.places[own]
    count = min(session.recipe.training.gradient_accumulation, len(rows))
    return [
        Batch(*part) for part in zip(np.array_split(rows, count), np.array_split(places, count), strict=True)
    ]


def _seed_step(session: Session, epoch: int, step: int) -> None:
    """Dropout and its like depend on where in the training they are, so that a resumed run repeats them."""
    place = [session.recipe.seed, epoch, step, session.team.rank]
    state = np.random.SeedSequence(place).generate_state(1, np.uint64)[0]
    torch.manual_seed(int(state >> np.uint64(1)))


def _require_sound(session: Session, value: float, batch: Batch, epoch: int, what: str = "loss") -> None:
    if math.isfinite(value) and (
        what == "gradient" or value < _EXPLODED * math.log(max(2, len(session.train.labels)))
    ):
        return
    files = ", ".join(f"'{session.train.samples[row].path}'" for row in batch.rows)
    raise TrainingError(
        f"The {what} became {value:g} in epoch {epoch}. Lower training.learning_rate, set "
        f"training.gradient_clip, or look at the pictures of that batch: {files}."
    )
