"""The phases of a run: what is fed, what learns, and how it is judged."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from sightline.training.loop.average import WeightAverage
from sightline.training.loop.history import PhaseName
from sightline.training.loop.session import Session
from sightline.training.network.batch_norm import set_training_mode
from sightline.training.network.folding import Arithmetic
from sightline.training.network.layers import stages
from sightline.training.network.network import Network
from sightline.training.objective.optimizer import build_optimizer, head_optimizer
from sightline.training.objective.schedule import Schedule, build_schedule
from sightline.training.pictures.batch import Batch
from sightline.training.pruning.levels import Level


@dataclass(frozen=True, eq=False)
class Phase:
    """Some epochs that are trained in one way.

    epochs
        Their numbers, counted from 1 through all phases.
    begin_epoch
        Puts the network into the mode in which it learns, and gives what `inputs` are fed to.
    inputs
        What the network takes, on its device, one batch after another, for batches of rows and an epoch.
    sees_pictures
        Whether `inputs` are pictures, which can be mixed and shown to a teacher, or embeddings.
    validate
        The recipe's metrics of the network as it is.
    """

    name: PhaseName
    epochs: range
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    scaler: torch.amp.GradScaler
    average: WeightAverage | None
    begin_epoch: Callable[[int], nn.Module]
    inputs: Callable[[Sequence[Batch], int], Iterator[Tensor]]
    sees_pictures: bool
    validate: Callable[[], dict[str, float]]


@dataclass(frozen=True, eq=False)
class Embedded:
    """Embeddings float32 `[N, D]` of the training and the validation images by the backbone as it came."""

    train: Tensor
    val: Tensor


def phases(
    session: Session,
    steps_per_epoch: int,
    embedded: Embedded | None,
    first_epoch: int,
    arithmetic: Arithmetic,
) -> Iterator[Phase]:
    """The phases that hold `first_epoch` and what comes after it; each is prepared when the one before has ended.

    Each level of a pruning is a phase of its own, whose beginning takes the channels out.
    """
    plan = session.plan
    if first_epoch <= plan.frozen_epochs:
        assert embedded is not None
        yield _frozen(session, steps_per_epoch, embedded)
    for level in plan.levels:
        if first_epoch < level.epochs.stop:
            _reach(session, level, arithmetic)
            yield _fine_tuning(session, steps_per_epoch, level.epochs)
    if not plan.levels and max(first_epoch, plan.frozen_epochs + 1) <= plan.epochs:
        yield _fine_tuning(session, steps_per_epoch, range(plan.frozen_epochs + 1, plan.epochs + 1))


def _reach(session: Session, level: Level, arithmetic: Arithmetic) -> None:
    assert session.pruning is not None
    if session.pruning.has_reached(level):
        return
    arithmetic.restore()  # the way through the network is followed as its layers know it
    session.pruning.reach(level)
    session.progress.on_plan(session.pruning.told())
    arithmetic.apply()


def _frozen(session: Session, steps_per_epoch: int, embedded: Embedded) -> Phase:
    """The head learns from embeddings of the unaugmented pictures; the backbone runs over them once.

    It runs in evaluation mode: neither its weights nor the statistics of its batch norms move.
    """
    network, recipe, epochs = session.network, session.recipe, session.plan.frozen_epochs

    def begin_epoch(_: int) -> nn.Module:
        network.eval()
        network.head.train()
        _only_these_learn(network, set(_head_names(network)))
        return session.team.wrap(_HeadOnly(network, recipe.model.dropout))

    def inputs(batches: Sequence[Batch], epoch: int) -> Iterator[Tensor]:
        return (embedded.train[torch.from_numpy(batch.rows).to(embedded.train.device)] for batch in batches)

    return Phase(
        name="frozen",
        epochs=range(1, epochs + 1),
        optimizer=head_optimizer(network, recipe),
        schedule=build_schedule(
            recipe, total_steps=epochs * steps_per_epoch, steps_per_epoch=steps_per_epoch, warmup_steps=0
        ),
        scaler=torch.amp.GradScaler(session.device.type, enabled=False),
        average=None,
        begin_epoch=begin_epoch,
        inputs=inputs,
        sees_pictures=False,
        validate=lambda: session.validation.measure(network, embedded.val),
    )


def _fine_tuning(session: Session, steps_per_epoch: int, epochs: range) -> Phase:
    """The head and, from the top to the bottom, the backbone learn from augmented pictures."""
    network, recipe, plan = session.network, session.recipe, session.plan
    steps = len(epochs) * steps_per_epoch
    average = None if recipe.training.ema is None else WeightAverage(network, recipe.training.ema)
    wrapped = _Wrapped(session)

    def begin_epoch(epoch: int) -> nn.Module:
        set_training_mode(network, learn_statistics=plan.strategy.learns_statistics)
        return wrapped.learning(_unfrozen(network, epoch - epochs.start, plan.unfreeze_epochs))

    def validate() -> dict[str, float]:
        with average.inside(network) if average else nullcontext():
            return session.validation.measure(network)

    return Phase(
        name="fine_tuning",
        epochs=epochs,
        optimizer=build_optimizer(network, recipe),
        schedule=build_schedule(
            recipe,
            total_steps=steps,
            steps_per_epoch=steps_per_epoch,
            warmup_steps=min(recipe.training.warmup_epochs * steps_per_epoch, steps // 2),
        ),
        scaler=plan.precision.scaler(),
        average=average,
        begin_epoch=begin_epoch,
        inputs=session.pictures.augmented_batches,
        sees_pictures=True,
        validate=validate,
    )


class _HeadOnly(nn.Module):
    """Logits from embeddings."""

    def __init__(self, network: Network, dropout: float) -> None:
        super().__init__()
        self.head = network.head
        self._dropout = dropout

    def forward(self, embeddings: Tensor) -> Tensor:
        logits: Tensor = self.head(functional.dropout(embeddings, self._dropout))
        return logits


class _Logits(nn.Module):
    """Logits from pictures."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images_nhwc: Tensor) -> Tensor:
        return self.network.logits(images_nhwc)


@dataclass(eq=False)
class _Wrapped:
    """The network as the team and the compiler see it, wrapped anew only when other parameters learn."""

    session: Session
    _learning: frozenset[str] | None = None
    _module: nn.Module = field(default_factory=nn.Identity)

    def learning(self, names: frozenset[str]) -> nn.Module:
        if names != self._learning:
            self._learning = names
            _only_these_learn(self.session.network, names)
            module: nn.Module = _Logits(self.session.network)
            if self.session.recipe.training.compile:
                module.compile()
            self._module = self.session.team.wrap(module)
        return self._module


def _unfrozen(network: Network, epoch: int, unfreeze_epochs: int) -> frozenset[str]:
    """Names of the parameters that learn in an epoch of fine-tuning, counted from 0."""
    if epoch >= unfreeze_epochs:
        return frozenset(name for name, _ in network.named_parameters())
    from_top = stages(network)
    count = 1 + epoch * len(from_top) // unfreeze_epochs
    backbone = (name for stage in from_top[:count] for name in stage)
    return frozenset((*_head_names(network), *backbone))


def _head_names(network: Network) -> list[str]:
    in_head = {id(parameter) for parameter in network.head.parameters()}
    return [name for name, parameter in network.named_parameters() if id(parameter) in in_head]


def _only_these_learn(network: Network, names: set[str] | frozenset[str]) -> None:
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in names)
        if name not in names:
            parameter.grad = None
