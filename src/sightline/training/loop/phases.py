"""The two phases of a run: what is fed, what learns, and how it is judged."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sightline.dataset import Dataset
from sightline.training.loop.history import PhaseName, Progress
from sightline.training.loop.validation import Validation
from sightline.training.network.batch_norm import set_training_mode
from sightline.training.network.network import Network
from sightline.training.objective.optimizer import full_optimizer, head_optimizer
from sightline.training.pictures.batch import Batch
from sightline.training.pictures.pictures import Pictures
from sightline.training.recipe.recipe import Recipe
from sightline.training.score import embed_batches

Batches = Sequence[NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Run:
    """What all parts of one training run share."""

    recipe: Recipe
    network: Network
    dataset: Dataset
    pictures: Pictures
    validation: Validation
    progress: Progress


@dataclass(frozen=True, eq=False)
class Phase:
    """Some epochs that are trained in one way.

    epochs
        Their numbers, counted from 1 through both phases.
    begin_epoch
        Puts the network into the mode in which it learns.
    inputs
        What `logits` takes, one batch after another, for batches of indices and an epoch.
    validate
        The recipe's metrics of the network as it is.
    """

    name: PhaseName
    epochs: range
    warmup_epochs: int
    optimizer: torch.optim.Optimizer
    begin_epoch: Callable[[], object]
    inputs: Callable[[Batches, int], Iterator[Tensor]]
    logits: Callable[[Tensor], Tensor]
    validate: Callable[[], dict[str, float]]


def phases(run: Run) -> Iterator[Phase]:
    """The phases that the recipe asks for; each is prepared when the one before it has ended."""
    recipe = run.recipe
    if recipe.frozen_epochs > 0:
        yield _frozen(run)
    if recipe.training.epochs > recipe.frozen_epochs:
        yield _fine_tuning(run)


def _frozen(run: Run) -> Phase:
    """The head learns from embeddings of the unaugmented pictures; the backbone runs over them once.

    It runs in evaluation mode: neither its weights nor the statistics of its batch norms move.
    """
    network, recipe = run.network, run.recipe
    embeddings = embed_batches(network, _reported(run))
    val_embeddings = run.validation.embed(network)

    def inputs(batches: Batches, epoch: int) -> Iterator[Tensor]:
        return (embeddings[torch.from_numpy(batch).to(embeddings.device)] for batch in batches)

    return Phase(
        name="frozen",
        epochs=range(1, recipe.frozen_epochs + 1),
        warmup_epochs=0,
        optimizer=head_optimizer(network, recipe),
        begin_epoch=network.eval,
        inputs=inputs,
        logits=lambda batch: network.head(functional.dropout(batch, recipe.model.dropout)),
        validate=lambda: run.validation.measure(network, val_embeddings),
    )


def _fine_tuning(run: Run) -> Phase:
    """All parameters learn from augmented pictures, the backbone at its own rate."""
    network, recipe = run.network, run.recipe
    device = network.mean.device

    def inputs(batches: Batches, epoch: int) -> Iterator[Tensor]:
        for images in run.pictures.augmented_batches(_placed(batches), epoch):
            yield (images.pin_memory() if device.type == "cuda" else images).to(device, non_blocking=True)

    return Phase(
        name="fine_tuning",
        epochs=range(recipe.frozen_epochs + 1, recipe.training.epochs + 1),
        warmup_epochs=recipe.training.warmup_epochs,
        optimizer=full_optimizer(network, recipe),
        begin_epoch=lambda: set_training_mode(network, learn_statistics=not recipe.model.pretrained),
        inputs=inputs,
        logits=network.logits,
        validate=lambda: run.validation.measure(network),
    )


def _placed(batches: Batches) -> list[Batch]:
    starts = np.cumsum([0, *(len(rows) for rows in batches)])
    return [Batch(rows, start + np.arange(len(rows))) for rows, start in zip(batches, starts, strict=False)]


def _reported(run: Run) -> Iterator[Tensor]:
    done = 0
    for batch in run.pictures.plain_batches():
        yield batch
        done += len(batch)
        run.progress.on_embed(done, len(run.pictures))
