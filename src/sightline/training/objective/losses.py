"""The losses, each one per image, and the objective that a recipe makes of one of them.

All losses take logits `[N, C]` and targets `[N, C]` that may be soft, and return a loss `[N]`, in float32; in float64
where both are. Targets of a multiclass loss sum to 1 in each row; those of a multilabel loss lie each in [0, 1], and
the loss is the mean over the labels. Every loss is linear in its targets, so that a mixture of two images costs the
mixture of their losses. `label_weights` `[N, C]` weigh the labels of each image.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from sightline.records import Task
from sightline.training.objective.imbalance import ImbalanceChoice
from sightline.training.recipe.recipe import Recipe


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Softmax cross-entropy, Σ_c y_c · −log p_c."""
    return -(targets * functional.log_softmax(_wide(logits), dim=1)).sum(1)


def softmax_focal(logits: Tensor, targets: Tensor, gamma: float, alpha: float | None = None) -> Tensor:
    """Focal loss over softmax, Σ_c y_c · α (1 − p_c)^γ · −log p_c; α None counts as 1.

    Lin et al. 2017, Focal loss for dense object detection, with the softmax in place of the sigmoid.
    """
    log_p = functional.log_softmax(_wide(logits), dim=1)
    # At p = 1 exactly, the power would have an infinite slope for γ below 1.
    q = (-torch.expm1(log_p)).clamp_min(torch.finfo(log_p.dtype).eps)
    losses = -(targets * q.pow(gamma) * log_p).sum(1)
    return losses if alpha is None else alpha * losses


def binary_cross_entropy(logits: Tensor, targets: Tensor, label_weights: Tensor | None = None) -> Tensor:
    """Sigmoid cross-entropy of each label, y · −log p + (1 − y) · −log(1 − p)."""
    logits = _wide(logits)
    return _mean(targets, -functional.logsigmoid(logits), -functional.logsigmoid(-logits), label_weights)


def sigmoid_focal(
    logits: Tensor,
    targets: Tensor,
    gamma: float,
    alpha: float | None = None,
    label_weights: Tensor | None = None,
) -> Tensor:
    """Focal loss of each label, y · α (1 − p)^γ · −log p + (1 − y) · (1 − α) p^γ · −log(1 − p).

    Lin et al. 2017, Focal loss for dense object detection. With α None, both factors are 1.
    """
    logits = _wide(logits)
    on, off = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    return _mean(targets, on * _focused(logits, gamma), off * _focused(-logits, gamma), label_weights)


def asymmetric(
    logits: Tensor,
    targets: Tensor,
    gamma_negative: float,
    gamma_positive: float,
    clip: float,
    label_weights: Tensor | None = None,
) -> Tensor:
    """Asymmetric loss of each label, y · (1 − p)^γ₊ · −log p + (1 − y) · p̃^γ₋ · −log(1 − p̃), p̃ = max(p − clip, 0).

    Ridnik et al. 2021, Asymmetric loss for multi-label classification; there the labels are summed.
    """
    logits = _wide(logits)
    if clip == 0:
        negative = _focused(-logits, gamma_negative)
    else:
        shifted = (logits.sigmoid() - clip).clamp_min(0)
        negative = shifted.pow(gamma_negative) * -torch.log1p(-shifted)
    return _mean(targets, _focused(logits, gamma_positive), negative, label_weights)


def distillation(logits: Tensor, teacher_logits: Tensor, task: Task, temperature: float) -> Tensor:
    """How far the student's answers are from the teacher's, T² · KL(teacher ‖ student), both at temperature T.

    For multilabel the divergence of each label's two answers, mean over the labels. T² keeps the size of the
    gradients: Hinton et al. 2015, Distilling the knowledge in a neural network.
    """
    student, teacher = _wide(logits) / temperature, _wide(teacher_logits) / temperature
    if task == "multiclass":
        divergence = _divergence(student.log_softmax(1), teacher.log_softmax(1)).sum(1)
    else:
        yes = _divergence(functional.logsigmoid(student), functional.logsigmoid(teacher))
        no = _divergence(functional.logsigmoid(-student), functional.logsigmoid(-teacher))
        divergence = (yes + no).mean(1)
    return temperature**2 * divergence


@dataclass(frozen=True, eq=False)
class Objective:
    """A loss with everything that is done to logits and targets before it, and to its value after it.

    loss
        One of `losses`, its own settings filled in.
    label_smoothing
        ε: with C classes, targets y become y (1 − ε) + ε / C; with labels, y (1 − ε) + ε / 2.
    logit_shift
        float32 `[C]`, added to the logits in training only; None: nothing is.
    class_weights
        float32 `[C]`; None: all 1. Multiclass: an image weighs Σ_c y_c w_c. Multilabel: w_c weighs label c where
        it is true. Both go by the targets before smoothing, which would else be weighed for labels that are not.
    """

    loss: Callable[..., Tensor]
    task: Task
    label_smoothing: float
    logit_shift: Tensor | None
    class_weights: Tensor | None

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of each image, float32 `[N]`, from logits `[N, C]` and soft targets float32 `[N, C]`."""
        logits = _wide(logits)
        return (
            self._of_classes(logits, targets)
            if self.task == "multiclass"
            else self._of_labels(logits, targets)
        )

    def _of_classes(self, logits: Tensor, targets: Tensor) -> Tensor:
        shifted = logits if self.logit_shift is None else logits + self.logit_shift
        losses = self.loss(shifted, self._smoothed(targets, 1 / targets.shape[1]))
        if self.class_weights is None:
            return losses
        # No matrix product: autocast would round the weights to half precision.
        return losses * (targets * self.class_weights).sum(1)

    def _of_labels(self, logits: Tensor, targets: Tensor) -> Tensor:
        if self.class_weights is None:
            return self.loss(logits, self._smoothed(targets, 0.5))
        # y w and 1 − y as one weight and a share of it: smoothing the share leaves the weight alone.
        label_weights = targets * self.class_weights + (1 - targets)
        shares = targets * self.class_weights / label_weights
        return self.loss(logits, self._smoothed(shares, 0.5), label_weights=label_weights)

    def _smoothed(self, targets: Tensor, ignorance: float) -> Tensor:
        return targets * (1 - self.label_smoothing) + self.label_smoothing * ignorance


def build_objective(recipe: Recipe, choice: ImbalanceChoice, device: torch.device) -> Objective:
    """The recipe's objective on a device. Balanced sampling is none of it: that is the order of the images.

    Logit adjustment adds τ · log prior to the logits (Menon et al. 2021, Long-tail learning via logit adjustment,
    eq. 10): the plain logits then answer as if all classes were equally frequent.
    """
    weights, shift = choice.class_weights, None
    if choice.method == "logit_adjustment":
        priors = torch.tensor(choice.class_priors, dtype=torch.float32, device=device)
        shift = recipe.loss.logit_adjustment_tau * priors.log()
    return Objective(
        loss=_loss(recipe),
        task=recipe.task,
        label_smoothing=recipe.training.label_smoothing,
        logit_shift=shift,
        class_weights=None if weights is None else torch.tensor(weights, dtype=torch.float32, device=device),
    )


def _loss(recipe: Recipe) -> Callable[..., Tensor]:
    section = recipe.loss
    if recipe.loss_name == "focal":
        gamma = 2.0 if section.focal_gamma is None else section.focal_gamma
        focal = softmax_focal if recipe.task == "multiclass" else sigmoid_focal
        return partial(focal, gamma=gamma, alpha=section.focal_alpha)
    if recipe.loss_name == "asymmetric":
        return partial(
            asymmetric,
            gamma_negative=section.asymmetric_gamma_negative,
            gamma_positive=section.asymmetric_gamma_positive,
            clip=section.asymmetric_clip,
        )
    return cross_entropy if recipe.loss_name == "cross_entropy" else binary_cross_entropy


def _wide(logits: Tensor) -> Tensor:
    """Logits as float32; float64 stays. Mixed precision hands in bfloat16, whose sums would be too coarse."""
    return logits if logits.dtype == torch.float64 else logits.float()


def _focused(logits: Tensor, gamma: float) -> Tensor:
    # (1 − p)^γ as an exponential of its logarithm: no power of 0, whose slope is no number.
    return torch.exp(gamma * functional.logsigmoid(-logits)) * -functional.logsigmoid(logits)


def _mean(targets: Tensor, positive: Tensor, negative: Tensor, label_weights: Tensor | None) -> Tensor:
    losses = targets * positive + (1 - targets) * negative
    return (losses if label_weights is None else losses * label_weights).mean(1)


def _divergence(log_student: Tensor, log_teacher: Tensor) -> Tensor:
    return functional.kl_div(log_student, log_teacher, reduction="none", log_target=True)
