"""The linear probe: a linear head solved to convergence on the embeddings of a fixed backbone.

It is the baseline that a fine-tuned network has to beat, the whole result of the strategy `linear`, and where the
head of a fine-tuning begins (Kumar et al. 2022, Fine-tuning can distort pretrained features).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sightline.training.objective.losses import Objective

# From strong to weak: each solution is the start of the next one.
PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4)
_STEPS = 100


@dataclass(frozen=True, eq=False)
class Probe:
    """A linear head.

    weight, bias
        float32 `[C, D]` and `[C]`, on the CPU; logits are `embedding @ weight.T + bias`.
    penalty
        What was chosen of `PENALTIES`: the weight of the squared norm, for embeddings of unit variance.
    train_loss
        Mean loss over the training images, the penalty not included.
    validation
        The recipe's metrics by name.
    """

    weight: Tensor
    bias: Tensor
    penalty: float
    train_loss: float
    validation: dict[str, float]


@dataclass(frozen=True, eq=False)
class Learnable:
    """What a probe is solved on, on the CPU.

    Embeddings float32 `[N, D]`, targets float32 `[N, C]` and a weight of mean 1 for each image, float32 `[N]`.
    """

    embeddings: Tensor
    targets: Tensor
    weights: Tensor


def solve_probe(
    data: Learnable,
    objective: Objective,
    measure: Callable[[Tensor, Tensor], dict[str, float]],
    judge: str,
    penalties: Sequence[float] = PENALTIES,
) -> Probe:
    """The head with the least loss, its penalty chosen by a metric on the validation set.

    Full-batch L-BFGS (Liu and Nocedal 1989) on embeddings brought to mean 0 and variance 1: a convex problem for
    cross-entropy, without a learning rate or an order of images. Of equally good penalties the strongest is taken.

    measure
        Gives the recipe's metrics of weight `[C, D]` and bias `[C]`, float32 on the CPU, on the validation set.
    judge
        The metric that chooses; `loss` is better when smaller.
    """
    mean = data.embeddings.mean(dim=0)
    spread = data.embeddings.std(dim=0, correction=0).clamp_min(1e-6)
    standard = Learnable((data.embeddings - mean) / spread, data.targets, data.weights)
    weight = standard.embeddings.new_zeros((data.targets.shape[1], data.embeddings.shape[1]))
    bias = weight.new_zeros(len(weight))
    best: Probe | None = None
    for penalty in penalties:
        weight, bias, loss = _solve(standard, objective, penalty, weight, bias)
        own_weight = weight / spread
        own_bias = bias - own_weight @ mean
        metrics = measure(own_weight, own_bias)
        if best is None or _value(metrics, judge) > _value(best.validation, judge):
            best = Probe(own_weight, own_bias, penalty, loss, metrics)
    assert best is not None
    return best


def _solve(
    data: Learnable, objective: Objective, penalty: float, weight: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, float]:
    weight, bias = weight.clone().requires_grad_(), bias.clone().requires_grad_()
    solver = torch.optim.LBFGS(
        [weight, bias], max_iter=_STEPS, tolerance_grad=1e-5, line_search_fn="strong_wolfe"
    )
    loss = 0.0

    def closure() -> Tensor:
        nonlocal loss
        solver.zero_grad()
        logits = data.embeddings @ weight.T + bias
        mean_loss = (objective(logits, data.targets) * data.weights).mean()
        total: Tensor = mean_loss + 0.5 * penalty * weight.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        loss = float(mean_loss.detach())
        return total

    solver.step(closure)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach(), loss


def _value(metrics: dict[str, float], judge: str) -> float:
    return -metrics[judge] if judge == "loss" else metrics[judge]
