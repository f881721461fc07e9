"""One epoch of either phase, step by step."""

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from sightline.dataset import Dataset
from sightline.errors import TrainingError
from sightline.training.loop.phases import Batches, Phase, Run
from sightline.training.objective.optimizer import set_learning_rates
from sightline.training.objective.schedule import cosine_with_warmup


@dataclass(frozen=True)
class Learnt:
    """What an epoch did: the mean loss over its images, and how long that took."""

    train_loss: float
    images: int
    seconds: float


def learn_epoch(run: Run, phase: Phase, epoch: int) -> Learnt:
    """Train the phase's parameters for one pass over the training images.

    Raises:
        TrainingError: the loss is no number any more.
    """
    started = time.perf_counter()
    training = run.recipe.training
    batches = shuffled_batches(len(run.dataset.samples), run.recipe.batch_size, run.recipe.seed, epoch)
    targets_n = torch.from_numpy(run.dataset.targets()).to(run.network.mean.device)
    loss_sum = 0.0

    phase.begin_epoch()
    for step, (indices, inputs) in enumerate(zip(batches, phase.inputs(batches, epoch), strict=True)):
        set_learning_rates(phase.optimizer, _share(phase, epoch, step, len(batches)))
        loss = functional.cross_entropy(
            phase.logits(inputs), targets_n[indices], label_smoothing=training.label_smoothing
        )
        phase.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if training.gradient_clip is not None:
            torch.nn.utils.clip_grad_norm_(run.network.parameters(), training.gradient_clip)
        value = loss.item()
        _require_finite(value, epoch, indices, run.dataset)
        phase.optimizer.step()
        loss_sum += value * len(indices)
        run.progress.on_step(epoch, step + 1, len(batches), value)

    images = sum(len(batch) for batch in batches)
    return Learnt(loss_sum / images, images, time.perf_counter() - started)


def shuffled_batches(count: int, batch_size: int, seed: int, epoch: int) -> Batches:
    """Indices 0 to `count` - 1 in an order that belongs to seed and epoch, int64, cut into batches.

    A last batch of one picture is left out: batch norm cannot learn from it.
    """
    order = np.random.default_rng([seed, epoch]).permutation(count)
    batches = [order[start : start + batch_size] for start in range(0, count, batch_size)]
    return batches[:-1] if len(batches) > 1 and len(batches[-1]) == 1 else batches


def _share(phase: Phase, epoch: int, step: int, steps: int) -> float:
    done = (epoch - phase.epochs.start) * steps + step
    warmup = min(phase.warmup_epochs * steps, len(phase.epochs) * steps // 2)
    return cosine_with_warmup(done, warmup_steps=warmup, total_steps=len(phase.epochs) * steps)


def _require_finite(loss: float, epoch: int, batch: NDArray[np.int64], dataset: Dataset) -> None:
    if math.isfinite(loss):
        return
    files = ", ".join(f"'{dataset.samples[index].path}'" for index in batch)
    raise TrainingError(
        f"The loss became {loss} in epoch {epoch}. Lower training.learning_rate, set training.gradient_clip, "
        f"or look at the pictures of that batch: {files}."
    )
