from collections.abc import Sequence
from pathlib import Path

import pytest
import safetensors.torch
import torch

from quadrants import draw_quadrants, quick
from sightline.dataset import Dataset
from sightline.errors import TrainingError
from sightline.training import Recipe, Saving, Trained, recipe_for, train
from sightline.training.loop.history import NoProgress
from sightline.training.network.network import build_network


class Killed(BaseException):
    pass


class KillAt(NoProgress):
    """Ends the run in the middle of a step, as a process that dies does."""

    def __init__(self, epoch: int, step: int) -> None:
        self._at = (epoch, step)

    def on_step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        if (epoch, step) == self._at:
            raise Killed


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return draw_quadrants(tmp_path_factory.mktemp("quadrants"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "start.safetensors"
    network = build_network(recipe_for("images", quick()), 4)
    safetensors.torch.save_file(network.backbone.state_dict(), file)
    return file


def run(dataset: Dataset, recipe: Recipe, path: Path, at: tuple[int, int] | None, resume: bool) -> Trained:
    saving = Saving(path, {"recipe": "this one"}, resume=resume, every_s=0)
    progress = None if at is None else KillAt(*at)
    return train(recipe, dataset.of_split("train"), dataset.of_split("val"), progress=progress, saving=saving)


OPTIONS = {
    "scratch": ("model.dropout=0.3", "augmentation=[{ColorJitter: {brightness: 0.2}}]"),
    "average and plateau": ("training.ema=0.9", "training.scheduler=plateau", "training.optimizer=sgd"),
    "frozen, then unfrozen": (
        "training.strategy=two_phase",
        "training.freeze_backbone_epochs=1",
        "training.unfreeze_epochs=1",
        "model.head=mlp",
        "model.dropout=0.2",
    ),
    "drawn by class": (
        "imbalance=sqrt_sampling",
        "training.optimizer=muon",
        "training.gradient_accumulation=2",
    ),
}


@pytest.mark.parametrize(
    "at", [(1, 2), (2, 1), (3, 3)], ids=["in the first epoch", "at a start", "at the end"]
)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_a_run_that_was_killed_and_resumed_ends_with_the_same_weights(
    dataset: Dataset, weights: Path, tmp_path: Path, options: Sequence[str], at: tuple[int, int]
) -> None:
    pretrained = (f"model.pretrained={weights}",) if "training.strategy=two_phase" in options else ()
    recipe = recipe_for("images", quick("training.epochs=3", *options, *pretrained))
    whole = run(dataset, recipe, tmp_path / "whole", None, resume=False)

    with pytest.raises(Killed):
        run(dataset, recipe, tmp_path / "killed", at, resume=False)
    resumed = run(dataset, recipe, tmp_path / "killed", None, resume=True)

    one, two = whole.network.state_dict(), resumed.network.state_dict()
    assert [name for name in one if not torch.equal(one[name], two[name])] == []
    assert [(r.epoch, r.train_loss, r.validation) for r in resumed.history] == [
        (r.epoch, r.train_loss, r.validation) for r in whole.history
    ]
    assert resumed.best_epoch == whole.best_epoch


def test_a_finished_run_that_is_resumed_gives_its_result_again(dataset: Dataset, tmp_path: Path) -> None:
    recipe = recipe_for("images", quick())
    first = run(dataset, recipe, tmp_path / "state", None, resume=False)

    again = run(dataset, recipe, tmp_path / "state", (1, 1), resume=True)

    one, two = first.network.state_dict(), again.network.state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_state_of_another_recipe_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    recipe = recipe_for("images", quick("training.epochs=1"))
    run(dataset, recipe, tmp_path / "state", None, resume=False)

    with pytest.raises(TrainingError, match=r"had another recipe\. Go on with what it began with"):
        train(
            recipe,
            dataset.of_split("train"),
            dataset.of_split("val"),
            saving=Saving(tmp_path / "state", {"recipe": "another one"}, resume=True),
        )
