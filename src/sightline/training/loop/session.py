"""What all parts of one training run share, and what its recipe left open, settled."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.dataset import Dataset
from sightline.training.loop.history import Progress
from sightline.training.loop.precision import PrecisionChoice, choose_precision
from sightline.training.loop.strategy import StrategyChoice, choose_strategy
from sightline.training.loop.targets import counts_of, soft_targets, targets_of
from sightline.training.loop.teacher import Teacher
from sightline.training.loop.team import Team
from sightline.training.loop.validation import Validation
from sightline.training.network.network import Network
from sightline.training.objective.imbalance import ImbalanceChoice, choose_imbalance
from sightline.training.objective.losses import Objective, build_objective
from sightline.training.pictures.mixing import Mixing
from sightline.training.pictures.pictures import Pictures
from sightline.training.pruning.levels import Level, levels_of
from sightline.training.pruning.pruning import Pruning
from sightline.training.recipe.recipe import Recipe


@dataclass(frozen=True)
class Plan:
    """What the recipe left open, settled for this data and this machine; each choice has its reason."""

    strategy: StrategyChoice
    imbalance: ImbalanceChoice
    precision: PrecisionChoice
    batch_size: int
    frozen_epochs: int
    unfreeze_epochs: int
    epochs: int
    levels: tuple[Level, ...]

    def told(self) -> Mapping[str, str]:
        """The choices in words, by name."""
        choices = {
            "strategy": f"{self.strategy.strategy}: {self.strategy.reason}",
            "imbalance": self.imbalance.reason,
        }
        if self.epochs:
            choices["precision"] = f"{self.precision.precision}: {self.precision.reason}"
            choices["epochs"] = self._epochs()
        return choices

    def _epochs(self) -> str:
        parts = [f"{self.frozen_epochs} with a fixed backbone"] if self.frozen_epochs else []
        learning = self.epochs - self.frozen_epochs
        if learning and self.unfreeze_epochs:
            parts.append(
                f"{learning} of fine-tuning, the backbone unfrozen from the top over the first {self.unfreeze_epochs}"
            )
        elif learning:
            parts.append(f"{learning} with everything learning")
        return f"{'; '.join(parts)}; batches of {self.batch_size}"


@dataclass(frozen=True, eq=False)
class Session:
    """The objects of a run. `train` is what is learnt from, `targets` its labels float32 `[N, C]`."""

    recipe: Recipe
    plan: Plan
    network: Network
    train: Dataset
    targets: Tensor
    pictures: Pictures
    validation: Validation
    objective: Objective
    mixing: Mixing | None
    teacher: Teacher | None
    progress: Progress
    team: Team
    pruning: Pruning | None = None

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.network.mean.device

    @cached_property
    def draw_weights(self) -> NDArray[np.float64] | None:
        """How often each image is drawn, relative to the others; None: each once an epoch."""
        by_class = self.plan.imbalance.sampling_weights
        if by_class is None:
            return None
        weights: NDArray[np.float64] = np.asarray(by_class)[self.targets.argmax(dim=1).numpy()]
        return weights


def make_plan(recipe: Recipe, train: Dataset, device: torch.device, batch_size: int) -> Plan:
    """Settle what the recipe leaves open.

    Raises:
        TrainingError: a precision that the device does not have.
    """
    strategy = choose_strategy(recipe, len(train))
    counts = counts_of(targets_of(train, recipe.task), len(train.labels))
    training = recipe.training
    solved = strategy.strategy == "linear" and recipe.model.head == "linear"
    epochs = 0 if solved else training.epochs
    frozen = epochs if strategy.strategy == "linear" else training.freeze_backbone_epochs or 0
    left = epochs - frozen
    unfreeze = training.unfreeze_epochs
    if unfreeze is None:
        by_stages = strategy.strategy == "two_phase" and recipe.model.start is None
        unfreeze = left // 4 if by_stages else 0
    return Plan(
        strategy=strategy,
        imbalance=choose_imbalance(recipe, counts, train.labels, len(train)),
        precision=choose_precision(training.mixed_precision, device),
        batch_size=batch_size,
        frozen_epochs=frozen,
        unfreeze_epochs=unfreeze,
        epochs=epochs,
        levels=levels_of(recipe, epochs),
    )


def make_targets(train: Dataset, recipe: Recipe) -> Tensor:
    """What is true of each training image, float32 `[N, C]`."""
    return soft_targets(targets_of(train, recipe.task), len(train.labels))


def make_objective(recipe: Recipe, plan: Plan, device: torch.device) -> Objective:
    """What is minimised."""
    return build_objective(recipe, plan.imbalance, device)
