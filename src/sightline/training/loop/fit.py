"""The training run, from top to bottom."""

import time

import torch

from sightline.dataset import Dataset, require_learnable
from sightline.errors import TrainingError
from sightline.training.loop.best import Best
from sightline.training.loop.epochs import Learnt, learn_epoch
from sightline.training.loop.history import EpochRecord, NoProgress, Progress, Trained
from sightline.training.loop.phases import Phase, Run, phases
from sightline.training.loop.validation import Validation
from sightline.training.network.network import build_network
from sightline.training.pictures.pictures import Pictures
from sightline.training.recipe.recipe import Recipe


def train(recipe: Recipe, train: Dataset, val: Dataset, *, progress: Progress | None = None) -> Trained:
    """Train the recipe's network on `train`, and keep the epoch that is best on `val`.

    Two runs with the same recipe and data on the same kind of CPU give identical weights.

    Raises:
        DatasetError: nothing can be learnt from the data, or a picture has changed since it was read.
        TrainingError: data and recipe do not fit, the network cannot be built, or the loss is no number.
        RecipeError: a transform of the augmentation does not take its arguments.
    """
    require_learnable(train)
    _require_matching(recipe, train, val)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng():
        network = build_network(recipe, len(train.labels)).to(device)
        network = network.to(memory_format=torch.channels_last)
        pictures, validation = Pictures(train, recipe), Validation(val, recipe)
        run = Run(recipe, network, train, pictures, validation, progress or NoProgress())
        best = Best(recipe.evaluation)
        history: list[EpochRecord] = []
        for phase in phases(run):
            for epoch in phase.epochs:
                learnt = learn_epoch(run, phase, epoch)
                record = _record(phase, epoch, learnt)
                history.append(record)
                best.offer(record, network)
                run.progress.on_epoch(record)
                if best.patience_is_over:
                    break
    best.restore(network)
    return Trained(network.eval().cpu(), tuple(history), best.epoch, device.type)


def _record(phase: Phase, epoch: int, learnt: Learnt) -> EpochRecord:
    started = time.perf_counter()
    validation = phase.validate()
    groups = phase.optimizer.param_groups
    return EpochRecord(
        phase=phase.name,
        epoch=epoch,
        train_loss=learnt.train_loss,
        validation=validation,
        head_learning_rate=groups[0]["lr"],
        backbone_learning_rate=groups[-1]["lr"] if phase.name == "fine_tuning" else 0.0,
        seconds=learnt.seconds + time.perf_counter() - started,
        images_per_s=learnt.images / learnt.seconds,
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
