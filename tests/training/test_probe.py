from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from quadrants import draw_quadrants, quick
from sightline.training import Team, recipe_for
from sightline.training.loop.fit import solve_on_cpu
from sightline.training.loop.history import NoProgress
from sightline.training.loop.phases import Embedded
from sightline.training.loop.probe import Learnable, solve_probe
from sightline.training.loop.session import Session, make_objective, make_plan, make_targets
from sightline.training.loop.validation import Validation
from sightline.training.network.network import build_network
from sightline.training.objective.imbalance import choose_imbalance
from sightline.training.objective.losses import Objective, build_objective
from sightline.training.pictures.pictures import Pictures

LABELS = ("a", "b", "c")


def objective(*overrides: str) -> Objective:
    recipe = recipe_for("images", quick("training.label_smoothing=0", *overrides))
    choice = choose_imbalance(recipe, np.array([40, 30, 30]), LABELS, 100)
    return build_objective(recipe, choice, torch.device("cpu"))


def embeddings() -> tuple[Tensor, Tensor]:
    """Three clouds that overlap, on features of very different size."""
    random = np.random.default_rng(0)
    targets = random.integers(0, 3, 300)
    centres = random.normal(size=(3, 8))
    rows = (centres[targets] + random.normal(size=(300, 8))) * np.logspace(-1, 2, 8) + 5
    return torch.from_numpy(rows.astype(np.float32)), torch.from_numpy(targets)


def test_the_solution_is_that_of_a_logistic_regression() -> None:
    rows, targets = embeddings()
    data = Learnable(rows, torch.eye(3)[targets], torch.ones(300))
    penalty = 0.03

    probe = solve_probe(data, objective(), lambda weight, bias: {"loss": 0.0}, "loss", (penalty,))

    standard = (rows - rows.mean(0)) / rows.std(0, correction=0)
    reference = LogisticRegression(C=1 / (penalty * 300), tol=1e-8, max_iter=5000).fit(
        standard.numpy(), targets.numpy()
    )
    expected = torch.from_numpy(reference.predict_proba(standard.numpy())).float()
    found = (rows @ probe.weight.T + probe.bias).softmax(1)
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=0)


def test_the_penalty_is_the_one_that_the_metric_likes_best_and_of_equals_the_strongest() -> None:
    rows, targets = embeddings()
    data = Learnable(rows, torch.eye(3)[targets], torch.ones(300))
    sizes: list[float] = []

    def measure(weight: Tensor, bias: Tensor) -> dict[str, float]:
        sizes.append(float(weight.norm()))
        return {"accuracy": (0.5, 0.9, 0.9)[len(sizes) - 1]}

    probe = solve_probe(data, objective(), measure, "accuracy", (1.0, 0.1, 0.01))

    assert probe.penalty == 0.1
    assert probe.validation == {"accuracy": 0.9}
    assert sizes == sorted(sizes)


def test_images_that_weigh_nothing_play_no_part() -> None:
    rows, targets = embeddings()
    weights = torch.where(torch.arange(300) < 150, 2.0, 0.0)
    wrong = torch.where(torch.arange(300) < 150, targets, (targets + 1) % 3)

    one = solve_probe(
        Learnable(rows, torch.eye(3)[targets], weights), objective(), lambda *_: {"loss": 0.0}, "loss"
    )
    two = solve_probe(
        Learnable(rows, torch.eye(3)[wrong], weights), objective(), lambda *_: {"loss": 0.0}, "loss"
    )

    assert torch.equal(one.weight, two.weight)


@pytest.mark.parametrize("loss", ["focal", "cross_entropy"])
def test_two_solutions_are_identical(loss: str) -> None:
    rows, targets = embeddings()
    data = Learnable(rows, torch.eye(3)[targets], torch.ones(300))

    one, two = (
        solve_probe(data, objective(f"loss.type={loss}"), lambda *_: {"loss": 0.0}, "loss") for _ in range(2)
    )

    assert torch.equal(one.weight, two.weight)
    assert torch.equal(one.bias, two.bias)


def test_it_is_solved_on_the_cpu_wherever_the_network_is(tmp_path: Path) -> None:
    dataset = draw_quadrants(tmp_path)
    train, val = dataset.of_split("train"), dataset.of_split("val")
    recipe, elsewhere = recipe_for("images", quick("imbalance=logit_adjustment")), torch.device("meta")
    plan, team = make_plan(recipe, train, elsewhere, 16), Team(0, 1, elsewhere)
    session = Session(
        recipe=recipe,
        plan=plan,
        network=build_network(recipe, 4).to(elsewhere),
        train=train,
        targets=make_targets(train, recipe),
        pictures=Pictures(train, recipe),
        validation=Validation(val, recipe, team),
        objective=make_objective(recipe, plan, elsewhere),
        mixing=None,
        teacher=None,
        progress=NoProgress(),
        team=team,
    )
    with torch.inference_mode():
        told = [torch.from_numpy(part.targets()).float()[:, None] + torch.eye(4)[0] for part in (train, val)]

    probe = solve_on_cpu(session, Embedded(*told))

    assert session.device == elsewhere
    assert (probe.weight.device.type, tuple(probe.weight.shape)) == ("cpu", (4, 4))
    assert probe.validation["accuracy"] == 1.0
