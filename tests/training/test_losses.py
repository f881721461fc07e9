from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from timm.loss import AsymmetricLossMultiLabel
from torch import Tensor
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from sightline.training import recipe_for
from sightline.training.objective.imbalance import ImbalanceChoice
from sightline.training.objective.losses import (
    Objective,
    asymmetric,
    binary_cross_entropy,
    build_objective,
    cross_entropy,
    distillation,
    sigmoid_focal,
    softmax_focal,
)

CPU = torch.device("cpu")
MULTICLASS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross entropy": cross_entropy,
    "softmax focal": lambda logits, targets: softmax_focal(logits, targets, 0.5, 0.25),
    "softmax distillation": lambda logits, targets: distillation(logits, 3 * targets, "multiclass", 2.0),
}
MULTILABEL: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "binary cross entropy": binary_cross_entropy,
    "sigmoid focal": lambda logits, targets: sigmoid_focal(logits, targets, 0.5, 0.25),
    "asymmetric": lambda logits, targets: asymmetric(logits, targets, 0.5, 1.0, 0.05),
    "asymmetric without a clip": lambda logits, targets: asymmetric(logits, targets, 4.0, 0.5, 0.0),
    "sigmoid distillation": lambda logits, targets: distillation(logits, 3 * targets, "multilabel", 2.0),
}
LOSSES = MULTICLASS | MULTILABEL


def some_logits(count: int = 6, classes: int = 4) -> Tensor:
    return 3 * torch.randn(count, classes, generator=torch.Generator().manual_seed(5))


def soft_classes(count: int = 6, classes: int = 4) -> Tensor:
    return torch.rand(count, classes, generator=torch.Generator().manual_seed(6)).softmax(1)


def some_labels(count: int = 6, classes: int = 4) -> Tensor:
    return torch.rand(count, classes, generator=torch.Generator().manual_seed(7)).round()


def choice(
    method: str = "none",
    class_weights: tuple[float, ...] | None = None,
    class_priors: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1),
) -> ImbalanceChoice:
    return ImbalanceChoice(method, "for the test", class_weights, class_priors, None)  # type: ignore[arg-type]


def objective(*overrides: str, chosen: ImbalanceChoice | None = None) -> Objective:
    return build_objective(recipe_for(Path("images"), overrides), chosen or choice(), CPU)


def test_cross_entropy_is_torch_s_for_soft_targets() -> None:
    expected = functional.cross_entropy(some_logits(), soft_classes(), reduction="none")

    torch.testing.assert_close(cross_entropy(some_logits(), soft_classes()), expected)


def test_softmax_focal_is_its_formula_and_cross_entropy_at_gamma_0() -> None:
    logits, targets = torch.tensor([[2.0, 0.0, -1.0]]).log_softmax(1), torch.tensor([[0.7, 0.3, 0.0]])
    p = logits.exp()[0]

    loss = softmax_focal(logits, targets, gamma=2.0, alpha=0.25)

    by_hand = 0.25 * (0.7 * (1 - p[0]) ** 2 * -p[0].log() + 0.3 * (1 - p[1]) ** 2 * -p[1].log())
    torch.testing.assert_close(loss[0], by_hand)
    torch.testing.assert_close(softmax_focal(logits, targets, gamma=0.0), cross_entropy(logits, targets))


def test_binary_cross_entropy_is_torch_s_mean_over_the_labels() -> None:
    targets = torch.rand(6, 4, generator=torch.Generator().manual_seed(8))

    loss = binary_cross_entropy(some_logits(), targets)

    expected = functional.binary_cross_entropy_with_logits(some_logits(), targets, reduction="none").mean(1)
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("alpha", [0.25, None])
@pytest.mark.parametrize("gamma", [0.0, 1.5, 2.0])
def test_sigmoid_focal_is_torchvision_s(alpha: float | None, gamma: float) -> None:
    loss = sigmoid_focal(some_logits(), some_labels(), gamma, alpha)

    weighing = -1 if alpha is None else alpha
    expected = sigmoid_focal_loss(some_logits(), some_labels(), alpha=weighing, gamma=gamma).mean(1)
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("clip", [0.0, 0.05, 0.2])
def test_asymmetric_is_timm_s(clip: float) -> None:
    loss = asymmetric(some_logits(), some_labels(), gamma_negative=4.0, gamma_positive=1.0, clip=clip)

    expected = AsymmetricLossMultiLabel(4, 1, clip, reduction="none")(some_logits(), some_labels()).mean(1)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-5)


def test_a_false_label_below_the_clip_costs_and_teaches_nothing() -> None:
    logits = torch.tensor([[-3.0, -5.0]], requires_grad=True)  # probabilities 0.047 and 0.007

    loss = asymmetric(logits, torch.zeros(1, 2), gamma_negative=0.5, gamma_positive=1.0, clip=0.05)
    loss.sum().backward()

    assert loss.tolist() == [0.0]
    assert logits.grad is not None
    assert logits.grad.tolist() == [[0.0, 0.0]]


def test_a_false_label_right_at_the_clip_has_a_finite_slope() -> None:
    logits = torch.zeros(1, 1, requires_grad=True)  # a probability of one half

    asymmetric(logits, torch.zeros(1, 1), 0.5, 1.0, clip=0.5).sum().backward()

    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_distillation_is_the_divergence_from_the_teacher(temperature: float) -> None:
    student, teacher = some_logits(), some_logits().flip(0)
    p, q = (teacher / temperature).softmax(1), (student / temperature).softmax(1)
    on, said = (teacher / temperature).sigmoid(), (student / temperature).sigmoid()

    of_classes = distillation(student, teacher, "multiclass", temperature)
    of_labels = distillation(student, teacher, "multilabel", temperature)

    torch.testing.assert_close(of_classes, temperature**2 * (p * (p / q).log()).sum(1))
    bernoulli = on * (on / said).log() + (1 - on) * ((1 - on) / (1 - said)).log()
    torch.testing.assert_close(of_labels, temperature**2 * bernoulli.mean(1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_a_student_that_answers_as_its_teacher_has_nothing_to_learn(task: str) -> None:
    loss = distillation(some_logits(), some_logits(), task, 2.0)  # type: ignore[arg-type]

    torch.testing.assert_close(loss, torch.zeros(6))


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_the_values(name: str) -> None:
    logits = some_logits().double().requires_grad_()
    targets = (soft_classes() if name in MULTICLASS else some_labels()).double()

    assert torch.autograd.gradcheck(lambda given: LOSSES[name](given, targets), (logits,))


@pytest.mark.parametrize("name", LOSSES)
def test_extreme_logits_give_finite_losses_and_gradients(name: str) -> None:
    values = [100.0, -100.0, 0.0]
    logits = torch.tensor([[a, b, c] for a in values for b in values for c in values], requires_grad=True)
    for place in range(3):
        targets = torch.eye(3)[place].expand(27, 3)

        loss = LOSSES[name](logits, targets)
        (gradient,) = torch.autograd.grad(loss.sum(), logits)

        assert loss.isfinite().all()
        assert gradient.isfinite().all()
        assert (loss >= 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_low_precision_logits_are_worked_with_in_float32(name: str) -> None:
    logits = some_logits().bfloat16()
    targets = soft_classes() if name in MULTICLASS else some_labels()

    with torch.autocast("cpu", torch.bfloat16):
        loss = LOSSES[name](logits, targets)

    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, LOSSES[name](logits.float(), targets))


@pytest.mark.parametrize("name", [name for name in LOSSES if "distillation" not in name])
def test_a_mixture_of_two_targets_costs_the_mixture_of_their_losses(name: str) -> None:
    first, second = torch.eye(4)[[0, 1, 2, 3, 0, 1]], torch.eye(4)[[1, 3, 2, 0, 2, 0]]

    mixed = LOSSES[name](some_logits(), 0.3 * first + 0.7 * second)

    apart = 0.3 * LOSSES[name](some_logits(), first) + 0.7 * LOSSES[name](some_logits(), second)
    torch.testing.assert_close(mixed, apart)


def test_the_objective_smooths_as_torch_does() -> None:
    loss = objective("training.label_smoothing=0.1")(some_logits(), soft_classes())

    expected = functional.cross_entropy(some_logits(), soft_classes(), label_smoothing=0.1, reduction="none")
    torch.testing.assert_close(loss, expected)


def test_the_objective_smooths_labels_towards_not_knowing() -> None:
    loss = objective("task=multilabel", "training.label_smoothing=0.2")(some_logits(), some_labels())

    expected = binary_cross_entropy(some_logits(), 0.8 * some_labels() + 0.1)
    torch.testing.assert_close(loss, expected)


def test_logit_adjustment_adds_the_log_prior_and_so_prefers_what_is_rare() -> None:
    adjusted = objective(
        "training.label_smoothing=0", "loss.logit_adjustment_tau=1.5", chosen=choice("logit_adjustment")
    )
    targets = torch.eye(4)

    loss = adjusted(torch.zeros(4, 4), targets)

    scores = torch.tensor([0.4, 0.3, 0.2, 0.1]) ** 1.5  # e^(τ log π) with all logits 0
    torch.testing.assert_close(loss, -(scores / scores.sum()).log())
    assert loss.argsort().tolist() == [0, 1, 2, 3]


def test_class_weights_weigh_images_by_what_they_are_before_smoothing() -> None:
    weights = (0.5, 1.0, 2.0, 4.0)
    weighted = objective("training.label_smoothing=0.1", chosen=choice("class_weights", weights))
    targets = torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1.0], [0.5, 0, 0, 0.5]])

    loss = weighted(some_logits(3), targets)

    plain = functional.cross_entropy(some_logits(3), targets, label_smoothing=0.1, reduction="none")
    torch.testing.assert_close(loss, plain * torch.tensor([0.5, 4.0, 2.25]))


def test_class_weights_of_labels_are_torch_s_positive_weights() -> None:
    weights = (0.5, 1.0, 2.0, 20.0)
    weighted = objective(
        "task=multilabel", "training.label_smoothing=0", chosen=choice("class_weights", weights)
    )
    targets = torch.rand(6, 4, generator=torch.Generator().manual_seed(8))

    loss = weighted(some_logits(), targets)

    expected = functional.binary_cross_entropy_with_logits(
        some_logits(), targets, pos_weight=torch.tensor(weights), reduction="none"
    )
    torch.testing.assert_close(loss, expected.mean(1))


def test_smoothing_does_not_make_a_heavy_label_true_where_it_is_not() -> None:
    weighted = objective(
        "task=multilabel", "training.label_smoothing=0.1", chosen=choice("class_weights", (20.0,))
    )

    grid = torch.linspace(-6, 6, 241).unsqueeze(1)
    best_logit = grid[weighted(grid, torch.zeros(241, 1)).argmin()]

    assert best_logit.sigmoid().item() == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize(
    "overrides, expected",
    [
        ([], cross_entropy),
        (["loss.type=focal"], lambda x, y: softmax_focal(x, y, 2.0)),
        (["loss.type=focal", "loss.focal_gamma=0.5", "loss.focal_alpha=0.3"],
         lambda x, y: softmax_focal(x, y, 0.5, 0.3)),
        (["task=multilabel"], binary_cross_entropy),
        (["task=multilabel", "loss.type=focal", "loss.focal_alpha=0.25"],
         lambda x, y: sigmoid_focal(x, y, 2.0, 0.25)),
        (["task=multilabel", "loss.type=asymmetric", "loss.asymmetric_clip=0.1"],
         lambda x, y: asymmetric(x, y, 4.0, 1.0, 0.1)),
    ],
)  # fmt: skip
def test_the_recipe_names_the_loss(
    overrides: list[str], expected: Callable[[Tensor, Tensor], Tensor]
) -> None:
    targets = some_labels() if "task=multilabel" in overrides else soft_classes()

    loss = objective("training.label_smoothing=0", *overrides)(some_logits(), targets)

    torch.testing.assert_close(loss, expected(some_logits(), targets))


def test_weights_stay_exact_under_autocast() -> None:
    weighted = objective("training.label_smoothing=0", chosen=choice("class_weights", (1.001, 1, 1, 1)))
    targets = torch.eye(4)[:1]

    with torch.autocast("cpu", torch.bfloat16):
        loss = weighted(some_logits(1).bfloat16(), targets)

    torch.testing.assert_close(loss, 1.001 * cross_entropy(some_logits(1).bfloat16(), targets))
