from pathlib import Path

import pytest
import torch
from torch.optim import lr_scheduler

from sightline.training import recipe_for
from sightline.training.objective.schedule import Schedule, build_schedule

# (total_steps, warmup_steps) of phases long and short, down to a single step.
PHASES = [
    (total, warmup) for total in (1, 2, 3, 4, 7, 10, 200) for warmup in (0, 1, total // 2) if warmup < total
]


def schedule(name: str, *overrides: str, total: int = 40, per_epoch: int = 4, warmup: int = 0) -> Schedule:
    recipe = recipe_for(Path("images"), [f"training.scheduler={name}", *overrides])
    return build_schedule(recipe, total_steps=total, steps_per_epoch=per_epoch, warmup_steps=warmup)


def some_optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


def rates(optimizer: torch.optim.Optimizer, scheduler: lr_scheduler.LRScheduler, steps: int) -> list[float]:
    seen = []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen


def test_cosine_is_torch_s() -> None:
    optimizer = some_optimizer()
    expected = rates(optimizer, lr_scheduler.CosineAnnealingLR(optimizer, T_max=40), 40)

    ours = schedule("cosine")

    assert [ours.share(step) for step in range(40)] == pytest.approx(expected)


@pytest.mark.parametrize("total", [7, 40, 1001])
def test_one_cycle_is_torch_s_with_its_own_warm_up(total: int) -> None:
    optimizer = some_optimizer()
    scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=total)
    expected = rates(optimizer, scheduler, total)

    ours = schedule("onecycle", total=total, warmup=5)

    assert [ours.share(step) for step in range(total)] == pytest.approx(expected)


def test_step_is_torch_s() -> None:
    optimizer = some_optimizer()
    expected = rates(optimizer, lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.5), 10)

    ours = schedule("step", "training.step_epochs=3", "training.step_gamma=0.5")

    assert [ours.share(step) for step in range(0, 40, 4)] == pytest.approx(expected)
    assert ours.share(11) == 1.0
    assert ours.share(12) == 0.5


def test_step_counts_from_the_end_of_the_warm_up() -> None:
    ours = schedule("step", "training.step_epochs=1", "training.step_gamma=0.5", warmup=8)

    assert [ours.share(step) for step in (8, 11, 12, 16)] == [1.0, 1.0, 0.5, 0.25]


VALUES = [0.5, 0.6, 0.6, 0.4, 0.55, 0.61, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.7, 0.7]


@pytest.mark.parametrize("larger_is_better", [True, False])
@pytest.mark.parametrize("patience", [1, 2, 3])
def test_plateau_is_torch_s(larger_is_better: bool, patience: int) -> None:
    optimizer = some_optimizer()
    theirs = lr_scheduler.ReduceLROnPlateau(
        optimizer, "max" if larger_is_better else "min", factor=0.5, patience=patience - 1, threshold=0.0
    )
    ours = schedule("plateau", f"training.plateau_patience={patience}", "training.step_gamma=0.5")

    for epoch, value in enumerate(VALUES):
        theirs.step(value)
        ours.observe(value, larger_is_better=larger_is_better)

        assert ours.share(4 * epoch + 4) == pytest.approx(optimizer.param_groups[0]["lr"])
    assert ours.share(0) < 1


@pytest.mark.parametrize("interrupted_after", range(len(VALUES)))
def test_a_plateau_that_is_restored_goes_on_as_if_nothing_had_happened(interrupted_after: int) -> None:
    whole, first, second = (schedule("plateau", "training.plateau_patience=2") for _ in range(3))
    for value in VALUES:
        whole.observe(value, larger_is_better=True)

    for value in VALUES[:interrupted_after]:
        first.observe(value, larger_is_better=True)
    second.restore(first.state())
    for value in VALUES[interrupted_after:]:
        second.observe(value, larger_is_better=True)

    assert second.state() == whole.state()
    assert second.share(50) == whole.share(50) < 1


def test_a_metric_that_is_no_number_is_no_better_one() -> None:
    ours = schedule("plateau", "training.plateau_patience=1", "training.step_gamma=0.5")

    ours.observe(0.3, larger_is_better=False)
    ours.observe(float("nan"), larger_is_better=False)

    assert ours.share(0) == 0.5


@pytest.mark.parametrize("name", ["cosine", "onecycle", "step", "constant"])
def test_other_schedules_remember_nothing(name: str) -> None:
    ours, untouched = schedule(name), schedule(name)

    for _ in range(20):
        ours.observe(0.0, larger_is_better=True)
    ours.restore(ours.state())

    assert ours.state() == {}
    assert [ours.share(step) for step in range(40)] == [untouched.share(step) for step in range(40)]


@pytest.mark.parametrize("name", ["cosine", "step", "plateau", "constant"])
def test_the_warm_up_rises_evenly_to_the_peak(name: str) -> None:
    ours = schedule(name, warmup=3)

    assert [ours.share(step) for step in range(4)] == [0.25, 0.5, 0.75, 1.0]


def test_constant_stays_at_the_peak() -> None:
    assert {schedule("constant").share(step) for step in range(40)} == {1.0}


@pytest.mark.parametrize("total, warmup", PHASES)
@pytest.mark.parametrize("name", ["cosine", "onecycle", "step", "plateau", "constant"])
def test_every_step_of_every_phase_moves_the_weights(name: str, total: int, warmup: int) -> None:
    ours = schedule(name, total=total, warmup=warmup, per_epoch=2)

    shares = [ours.share(step) for step in range(total)]

    assert all(0 < share <= 1 for share in shares)
    assert max(shares) > 0.75
