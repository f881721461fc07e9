"""Fine-tuning of a network that rounds as its eight-bit graph will."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn

from sightline.dataset import Dataset, require_learnable
from sightline.training.loop.allocator import keep_memory
from sightline.training.loop.best import Best
from sightline.training.loop.epochs import Position, cut_batches, learn_epoch
from sightline.training.loop.fit import open_session, record_epoch
from sightline.training.loop.history import EpochRecord, NoProgress, Progress
from sightline.training.loop.phases import Phase
from sightline.training.loop.session import Session
from sightline.training.loop.team import Team
from sightline.training.network.merging import merge_norms
from sightline.training.network.network import Network, build_network
from sightline.training.network.start import load_start
from sightline.training.objective.optimizer import build_optimizer
from sightline.training.objective.schedule import build_schedule
from sightline.training.recipe.recipe import Recipe

_RATE_OF_ENDS = 1e-3


class Rounded(Protocol):
    """A network that rounds on its way.

    module
        uint8 RGB `[N, H, W, 3]` to logits, embedding and feature map; it has the network's own parameters.
    ends
        What learns besides: where the ranges of activations end.
    """

    @property
    def module(self) -> nn.Module:
        """See above."""

    @property
    def ends(self) -> Sequence[nn.Parameter]:
        """See above."""


R = TypeVar("R", bound=Rounded)


def fine_tune_rounded(
    recipe: Recipe,
    train: Dataset,
    val: Dataset,
    make_rounded: Callable[[Network], R],
    *,
    progress: Progress | None = None,
) -> tuple[R, tuple[EpochRecord, ...]]:
    """Train `model.start` while it rounds, on the CPU in float32, and keep the state that is best on `val`.

    The untrained one is among those. Everything learns from the first step on, without dropout; the rate rises over the
    first tenth of the steps. Batch norms are merged into the convolutions, so that their statistics are fixed and the
    weights that are rounded are those of the graph. Two runs with the same recipe and data on the same kind of CPU,
    with as many threads, give identical weights.

    Raises:
        DatasetError: nothing can be learnt from the data, or a picture has changed since it was read.
        TrainingError: data, start and recipe do not fit, or the loss is no number.
    """
    require_learnable(train, recipe.task)
    keep_memory()
    with torch.random.fork_rng():
        network = build_network(recipe, len(train.labels), pretrained=False)
        load_start(network, recipe, train.labels)
        merge_norms(network, recipe.data.input_size)
        rounded = make_rounded(network)
        team = Team(0, 1, torch.device("cpu"))
        session = open_session(recipe, train, val, network, progress or NoProgress(), team)
        history = _learn(session, rounded)
    network.eval()
    return rounded, history


def _learn(session: Session, rounded: Rounded) -> tuple[EpochRecord, ...]:
    phase, best = _phase(session, rounded), Best(session.recipe)
    before = _before(phase)
    session.progress.on_note(f"rounded, before any training: {_told(before)}")
    best.offer(before, rounded.module)
    history: list[EpochRecord] = []
    for epoch in phase.epochs:
        at = Position(epoch)
        learn_epoch(session, phase, at, lambda: None)
        record = record_epoch(phase, at)
        best.offer(record, rounded.module)
        history.append(record)
        session.progress.on_epoch(record)
        if best.patience_is_over:
            break
    best.restore(rounded.module)
    return tuple(history)


def _before(phase: Phase) -> EpochRecord:
    """The network rounded and not yet trained: what comes of the training has to be better."""
    return EpochRecord(
        phase=phase.name,
        epoch=0,
        train_loss=0.0,
        validation=phase.validate(),
        head_learning_rate=0.0,
        backbone_learning_rate=0.0,
        seconds=0.0,
        images_per_s=0.0,
    )


def _told(record: EpochRecord) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in record.validation.items() if "/" not in name)


def _phase(session: Session, rounded: Rounded) -> Phase:
    recipe, plan = session.recipe, session.plan
    steps = len(cut_batches(session, 1))
    optimizer = build_optimizer(session.network, recipe)
    optimizer.add_param_group({"params": list(rounded.ends), "peak_lr": _RATE_OF_ENDS, "weight_decay": 0.0})
    # A record tells the rates of the first group, the head's, and of the last one, the backbone's.
    optimizer.param_groups.insert(1, optimizer.param_groups.pop())
    module = _Logits(rounded.module)
    total = plan.epochs * steps
    return Phase(
        name="fine_tuning",
        epochs=range(1, plan.epochs + 1),
        optimizer=optimizer,
        schedule=build_schedule(recipe, total_steps=total, steps_per_epoch=steps, warmup_steps=total // 10),
        scaler=torch.amp.GradScaler("cpu", enabled=False),
        average=None,
        begin_epoch=lambda _: module,
        inputs=session.pictures.augmented_batches,
        sees_pictures=True,
        validate=lambda: _validate(session, rounded),
    )


class _Logits(nn.Module):
    """The first of the outputs."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, images_nhwc: Tensor) -> Tensor:
        logits: Tensor = self.module(images_nhwc)[0]
        return logits


def _validate(session: Session, rounded: Rounded) -> dict[str, float]:
    with torch.inference_mode():
        found = [rounded.module(batch) for batch in session.validation.pictures.plain_batches()]
    logits, embeddings = (torch.cat([one[place] for one in found]) for place in range(2))
    return session.validation.measure_logits(logits, embeddings)
