"""The training run, from top to bottom."""

import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from sightline.dataset import Dataset, require_learnable
from sightline.errors import TrainingError
from sightline.training.loop.allocator import keep_memory
from sightline.training.loop.batch_size import find_batch_size
from sightline.training.loop.best import Best
from sightline.training.loop.epochs import Position, cut_batches, learn_epoch
from sightline.training.loop.history import EpochRecord, NoProgress, Progress, Trained
from sightline.training.loop.phases import Embedded, Phase, phases
from sightline.training.loop.probe import Learnable, Probe, solve_probe
from sightline.training.loop.saving import Keeper, Progressed, Saving
from sightline.training.loop.session import Session, make_objective, make_plan, make_targets
from sightline.training.loop.stopping import StopRequest, stop_requests
from sightline.training.loop.teacher import Teacher
from sightline.training.loop.team import Team, join_team
from sightline.training.loop.validation import Validation
from sightline.training.network.folding import Arithmetic, speed_up
from sightline.training.network.network import Network, build_network
from sightline.training.network.start import load_start
from sightline.training.objective.imbalance import probe_weights
from sightline.training.pictures.mixing import Mixing
from sightline.training.pictures.pictures import Pictures
from sightline.training.pruning.pruning import Pruning
from sightline.training.recipe.recipe import Recipe
from sightline.training.score import embed_batches


def train(
    recipe: Recipe,
    train: Dataset,
    val: Dataset,
    *,
    progress: Progress | None = None,
    saving: Saving | None = None,
    team: Team | None = None,
) -> Trained:
    """Train the recipe's network on `train`, and keep the epoch that is best on `val`.

    Two runs with the same recipe and data on the same kind of CPU, with as many threads, give identical weights,
    whether one of them was stopped and gone on with or not.

    saving
        Where the state is kept from which a stopped run is gone on with; None: nowhere.
    team
        This process among several that train together; None: those that torchrun started, or this one alone.

    Raises:
        DatasetError: nothing can be learnt from the data, or a picture has changed since it was read.
        TrainingError: data and recipe do not fit, the network cannot be built, or the loss is no number.
        RecipeError: a transform of the augmentation does not take its arguments.
        KeyboardInterrupt, SystemExit: asked to stop by SIGINT or SIGTERM, after the state was kept.
    """
    if team is None:
        with join_team() as joined:
            return _train(recipe, train, val, progress or NoProgress(), saving, joined)
    return _train(recipe, train, val, progress or NoProgress(), saving, team)


def _train(
    recipe: Recipe, train: Dataset, val: Dataset, progress: Progress, saving: Saving | None, team: Team
) -> Trained:
    require_learnable(train, recipe.task)
    _require_matching(recipe, train, val)
    if team.device.type == "cpu":
        keep_memory()
    else:
        torch.backends.cudnn.deterministic = True
    with torch.random.fork_rng():
        session = _begin(recipe, train, val, progress if team.speaks else NoProgress(), team)
        keeper = Keeper(saving, writes=team.speaks)
        run = Progressed(session.network, Best(recipe), [], Position(), pruning=session.pruning)
        keeper.take_up(run)
        fixed = not session.plan.strategy.learns_statistics
        arithmetic = speed_up(session.network, recipe.data.input_size, fixed_statistics=fixed)
        if keeper.found is not None:
            session.progress.on_resume(run.history)
        with stop_requests() as stop:
            _learn(session, run, keeper, stop, arithmetic)
        run.best.restore(session.network)
        arithmetic.restore()
    network = session.network.eval().cpu()
    for parameter in network.parameters():
        parameter.requires_grad_(True)
    told = {**session.plan.told(), **(session.pruning.told() if session.pruning else {})}
    return Trained(network, tuple(run.history), run.best.epoch, team.device.type, told, run.probe)


def _begin(recipe: Recipe, train: Dataset, val: Dataset, progress: Progress, team: Team) -> Session:
    network = build_network(recipe, len(train.labels))
    load_start(network, recipe, train.labels)
    return open_session(recipe, train, val, network, progress, team)


def open_session(
    recipe: Recipe, train: Dataset, val: Dataset, network: Network, progress: Progress, team: Team
) -> Session:
    """Settle what the recipe leaves open and put a network, which moves to the team's device, in its place."""
    network = network.to(team.device).to(memory_format=torch.channels_last)
    batch_size = find_batch_size(recipe, network, len(train), team)
    plan = make_plan(recipe, train, team.device, batch_size)
    progress.on_plan(plan.told())
    return Session(
        recipe=recipe,
        plan=plan,
        network=network,
        train=train,
        targets=make_targets(train, recipe),
        pictures=Pictures(train, recipe, team.device if team.device.type == "cuda" else None),
        validation=Validation(val, recipe, team),
        objective=make_objective(recipe, plan, team.device),
        mixing=Mixing.of(recipe),
        teacher=Teacher.open(recipe, train.labels),
        pruning=Pruning(network, recipe.data.input_size, plan.levels) if plan.levels else None,
        progress=progress,
        team=team,
    )


def _learn(
    session: Session, run: Progressed, keeper: Keeper, stop: StopRequest, arithmetic: Arithmetic
) -> None:
    """Solve the probe, then go through the epochs that are left."""
    embedded = _probe(session, run) if session.recipe.pretrained else None
    if embedded is None and run.at.epoch <= session.plan.frozen_epochs:
        embedded = _embed(session, session.network)
    if not session.plan.epochs:
        return
    steps = len(cut_batches(session, 1))
    for phase in phases(session, steps, embedded, run.at.epoch, arithmetic):
        keeper.take_up_phase(phase)
        while run.at.epoch < phase.epochs.stop:
            if run.best.patience_is_over and phase.name == "fine_tuning":
                return
            _learn_one(session, phase, run, keeper, stop)
        keeper.write(run, phase)


def _learn_one(session: Session, phase: Phase, run: Progressed, keeper: Keeper, stop: StopRequest) -> None:
    """The rest of one epoch, its validation, and its record."""

    def after_step() -> None:
        asked = session.team.any(stop.signal is not None)
        keeper.offer(run, phase, now=asked)
        if asked:
            stop.obey()

    learn_epoch(session, phase, run.at, after_step)
    record = record_epoch(phase, run.at)
    larger = session.recipe.best_metric != "loss"
    phase.schedule.observe(record.validation[session.recipe.best_metric], larger_is_better=larger)
    run.history.append(record)
    if session.pruning is not None and not session.pruning.finished:
        pass  # a network of another size than the one that will be shipped
    elif phase.average is None:
        run.best.offer(record, session.network)
    else:
        with phase.average.inside(session.network):
            run.best.offer(record, session.network)
    run.at = Position(run.at.epoch + 1)
    session.progress.on_epoch(record)
    keeper.offer(run, phase)


def _probe(session: Session, run: Progressed) -> Embedded | None:
    """The linear probe: the baseline, and the head's beginning where the network has the same backbone.

    Gives the embeddings it was solved on where frozen epochs can learn from them too.
    """
    if run.probe is not None:
        return None
    own = session.plan.strategy.starts_pretrained
    network = session.network if own else _pretrained(session)
    started = time.perf_counter()
    embedded = _embed(session, network)
    run.probe = solve_on_cpu(session, embedded)
    if own and session.recipe.model.head == "linear":
        _set_head(session.network, run.probe)
        record = _probe_record(session, run.probe, time.perf_counter() - started)
        run.history.append(record)
        run.best.offer(record, session.network)
        session.progress.on_epoch(record)
    return embedded if own else None


def _pretrained(session: Session) -> Network:
    """The recipe's backbone with its pretrained weights, beside a network that begins without them."""
    network = build_network(session.recipe, len(session.train.labels), pretrained=True).to(session.device)
    return network.to(memory_format=torch.channels_last)


def _embed(session: Session, network: Network) -> Embedded:
    """Embeddings in float32, whatever the precision of the steps: the head is to fit the network as it is shipped."""
    count, team = len(session.train), session.team
    rows = np.arange(count)[team.share(count)]
    own = embed_batches(network, _reported(session, rows))
    return Embedded(team.gather(own, count), session.validation.embed(network))


def solve_on_cpu(session: Session, embedded: Embedded) -> Probe:
    """The probe, solved on the CPU wherever the network is: thousands of small operations keep a GPU waiting."""
    cpu = torch.device("cpu")
    weights = probe_weights(session.plan.imbalance, session.targets.numpy())
    data = Learnable(embedded.train.to(cpu), session.targets, torch.from_numpy(weights).float())
    val = embedded.val.to(cpu)

    def measure(weight: Tensor, bias: Tensor) -> dict[str, float]:
        return session.validation.measure_logits(val @ weight.T + bias, val)

    objective = make_objective(session.recipe, session.plan, cpu)
    return solve_probe(data, objective, measure, session.recipe.best_metric)


def _set_head(network: Network, probe: Probe) -> None:
    head = network.head
    assert isinstance(head, nn.Linear)
    with torch.no_grad():
        head.weight.copy_(probe.weight)
        head.bias.copy_(probe.bias)


def _reported(session: Session, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Iterator[Tensor]:
    done = 0
    for batch in session.pictures.plain_batches(rows):
        yield batch
        done += len(batch)
        session.progress.on_embed(done, len(rows))


def _probe_record(session: Session, probe: Probe, seconds: float) -> EpochRecord:
    return EpochRecord(
        phase="probe",
        epoch=0,
        train_loss=probe.train_loss,
        validation=probe.validation,
        head_learning_rate=0.0,
        backbone_learning_rate=0.0,
        seconds=seconds,
        images_per_s=len(session.train) / seconds,
    )


def record_epoch(phase: Phase, at: Position) -> EpochRecord:
    """Validate at the end of an epoch and say how it went."""
    started = time.perf_counter()
    validation = phase.validate()
    groups = phase.optimizer.param_groups
    return EpochRecord(
        phase=phase.name,
        epoch=at.epoch,
        train_loss=at.loss_sum / at.images,
        validation=validation,
        head_learning_rate=groups[0]["lr"],
        backbone_learning_rate=groups[-1]["lr"] if phase.name == "fine_tuning" else 0.0,
        seconds=at.seconds + time.perf_counter() - started,
        images_per_s=at.images / at.seconds,
    )


def _require_matching(recipe: Recipe, train: Dataset, val: Dataset) -> None:
    expected = recipe.model.num_classes
    if expected is not None and expected != len(train.labels):
        raise TrainingError(
            f"model.num_classes is {expected}, but the data has {len(train.labels)} classes: "
            f"{', '.join(train.labels)}. Leave model.num_classes out, or correct the data."
        )
    if train.labels != val.labels:
        raise TrainingError(
            f"The training set has the classes {', '.join(train.labels)}, the validation set "
            f"{', '.join(val.labels)}. Both need the same ones."
        )
    if not val.samples:
        raise TrainingError("The validation set is empty. Give data.val_dir, or raise data.val_fraction.")
