"""What is done about classes of unequal size: chosen from their counts, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.records import Task
from sightline.training.recipe.recipe import Recipe
from sightline.training.recipe.sections import Imbalance

# What `auto` takes, by task, once the largest class is this many times the smallest; measured on the magnetic tiles,
# see docs/results.md.
AUTO_METHOD: dict[Task, Imbalance] = {"multiclass": "sqrt_sampling", "multilabel": "class_weights"}
AUTO_RATIO = 3.0

# A label with fewer images than one in 21 weighs no more: single images would else rule the gradient.
LARGEST_POSITIVE_WEIGHT = 20.0

_WHAT_IT_DOES: dict[Imbalance, str] = {
    "none": "all images count the same",
    "class_weights": "rarer ones weigh more in the loss",
    "effective_number": "rarer ones weigh more in the loss, by their effective numbers",
    "balanced_sampling": "all classes are shown equally often",
    "sqrt_sampling": "rarer classes are shown more often, by the square root of their rarity",
    "logit_adjustment": "the loss takes the classes' frequencies out of the logits",
}


@dataclass(frozen=True)
class ImbalanceChoice:
    """What was chosen, why, and the numbers it comes to; one number for each class.

    reason
        One sentence for people.
    class_weights
        For the loss; None: all 1. Multiclass: the mean weight of a training image is 1. Multilabel: the weight of a
        label where it is true.
    class_priors
        Share of the images that have the class, in (0, 1].
    sampling_weights
        How often an image of the class is drawn, relative to the others; None: each once in an epoch.
    """

    method: Imbalance
    reason: str
    class_weights: tuple[float, ...] | None
    class_priors: tuple[float, ...]
    sampling_weights: tuple[float, ...] | None


def choose_imbalance(
    recipe: Recipe, counts: NDArray[np.int64], labels: Sequence[str], total: int
) -> ImbalanceChoice:
    """What `recipe.imbalance` means for classes with these counts of training images, int64 `[C]`.

    labels
        The names of the classes, for the reason.
    total
        Training images; with several labels an image, less than the sum of the counts.
    """
    # A class without images would else have an infinite weight; it is refused long before.
    held = np.maximum(counts, 1).astype(np.float64)
    ratio = float(held.max() / held.min())
    method, why = recipe.imbalance, "as the recipe says"
    if method == "auto":
        method = AUTO_METHOD[recipe.task] if ratio >= AUTO_RATIO else "none"
        why = _WHAT_IT_DOES[method]
    return ImbalanceChoice(
        method=method,
        reason=f"{_compared(counts, ratio, labels)}: {method}, {why}.",
        class_weights=_class_weights(method, recipe, held, total),
        class_priors=_numbers(held / (held.sum() if recipe.task == "multiclass" else max(total, held.max()))),
        sampling_weights=_sampling_weights(method, held),
    )


def probe_weights(choice: ImbalanceChoice, targets_nc: NDArray[np.float32]) -> NDArray[np.float64]:
    """The weight of each image, float64 `[N]`, mean 1, for a solver that sees all images at once and draws none.

    With them, the mean of the objective is what a run that draws the images has as its expectation. All 1 unless
    there is sampling: class weights and logit adjustment are inside the objective already.

    targets_nc
        One-hot float32 `[N, C]`.
    """
    if choice.sampling_weights is None:
        return np.ones(len(targets_nc))
    weights = targets_nc.astype(np.float64) @ np.asarray(choice.sampling_weights)
    return np.asarray(weights / weights.mean())


def _class_weights(
    method: Imbalance, recipe: Recipe, held: NDArray[np.float64], total: int
) -> tuple[float, ...] | None:
    if method not in ("class_weights", "effective_number"):
        return None
    beta = recipe.loss.effective_number_beta if method == "effective_number" else 1.0
    numbers = _effective(held, beta)
    if recipe.task == "multilabel":
        ratio = _effective(total - held, beta) / numbers
        return _numbers(np.clip(ratio, 1 / LARGEST_POSITIVE_WEIGHT, LARGEST_POSITIVE_WEIGHT))
    return _numbers(held.sum() / (held / numbers).sum() / numbers)


def _effective(counts: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    """(1 − β^n) / (1 − β), which is n itself at β = 1; Cui et al. 2019, Class-balanced loss, eq. 4."""
    return counts if beta == 1 else (1 - beta**counts) / (1 - beta)


def _sampling_weights(method: Imbalance, held: NDArray[np.float64]) -> tuple[float, ...] | None:
    exponent = {"balanced_sampling": -1.0, "sqrt_sampling": -0.5}.get(method)
    return None if exponent is None else _numbers(held**exponent)


def _numbers(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _compared(counts: NDArray[np.int64], ratio: float, labels: Sequence[str]) -> str:
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[most] == counts[least]:
        return f"every class has {counts[most]} images"
    times = f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"
    more = "about as many" if times == "1.0" else f"{times} times as many"
    return f"'{labels[most]}' has {counts[most]} images and '{labels[least]}' {counts[least]}, {more}"
