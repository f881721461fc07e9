from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from quadrants import CLASSES, draw_quadrants, quick
from sightline.dataset import Dataset
from sightline.errors import RecipeError, TrainingError
from sightline.optimize import check_export, export_onnx
from sightline.training import (
    Recipe,
    Saving,
    Trained,
    WeightsFacts,
    check_network,
    recipe_for,
    train,
    write_weights,
)
from sightline.training.loop.history import NoProgress
from sightline.training.loop.strategy import choose_strategy
from sightline.training.network.network import Network, build_network
from sightline.training.network.start import load_start
from sightline.training.pruning.cost import cost_of
from sightline.training.pruning.levels import levels_of
from sightline.training.pruning.surgery import take_out, take_out_again

pytest.importorskip("torch_pruning")

SMALL = "model.backbone=test_resnet"
SIZE = (32, 32)


class Killed(BaseException):
    pass


class Told(NoProgress):
    """Keeps what was told, and ends the run in the middle of a step where that is wanted."""

    def __init__(self, at: tuple[int, int] | None = None) -> None:
        self._at = at
        self.plan: dict[str, str] = {}

    def on_plan(self, plan):
        self.plan |= plan

    def on_step(self, epoch, step, steps, loss):
        if (epoch, step) == self._at:
            raise Killed


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return draw_quadrants(tmp_path_factory.mktemp("quadrants"))


@pytest.fixture(scope="module")
def learnt(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """A run that has finished, and its network."""
    trained = run(dataset, recipe_for("images", quick(SMALL, "training.epochs=20")))
    path = tmp_path_factory.mktemp("run") / "weights.safetensors"
    write_weights(path, trained.network, WeightsFacts(backbone="test_resnet", labels=CLASSES, pruned=False))
    return path, trained


def run(dataset: Dataset, recipe: Recipe, progress=None, saving=None) -> Trained:
    return train(recipe, dataset.of_split("train"), dataset.of_split("val"), progress=progress, saving=saving)


def network(*overrides: str) -> Network:
    return build_network(recipe_for("images", quick(*overrides)), 4)


def pixels() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, *SIZE, 3), dtype=np.uint8))


def pruning_recipe(start: Path, *overrides: str) -> Recipe:
    return recipe_for(
        "images", quick(SMALL, f"model.start={start}", "training.prune=0.4", "training.epochs=4", *overrides)
    )


@pytest.mark.parametrize(
    "backbone", ["mobilenetv2_050", "mobilenetv3_small_050", "efficientnet_b0", "resnet10t", "regnetx_002"]
)
def test_a_pruned_network_is_smaller_and_still_answers(backbone: str) -> None:
    one = network(f"model.backbone={backbone}")
    before = cost_of(one, SIZE)

    take_out(one, SIZE, round(before.multiply_adds * 0.7))

    after = cost_of(one, SIZE)
    assert after.multiply_adds <= 0.7 * before.multiply_adds
    assert after.parameters < before.parameters
    outputs = one(pixels())
    assert outputs.logits.shape == (3, 4)
    assert outputs.embedding.shape[1] == one.head.in_features


def test_channels_are_left_in_blocks_of_eight() -> None:
    one = network("model.backbone=mobilenetv2_100")

    take_out(one, SIZE, round(cost_of(one, SIZE).multiply_adds * 0.7))

    widths = {m.out_channels for m in one.modules() if isinstance(m, torch.nn.Conv2d)}
    assert {width % 8 for width in widths} == {0}


def test_the_channels_that_go_are_those_with_the_smallest_weights() -> None:
    one = network("model.backbone=resnet10t")
    block = one.backbone.layer1[0]
    with torch.no_grad():
        block.bn1.bias.copy_(torch.arange(64))
        for weight in (block.conv1.weight, block.bn1.weight, block.conv2.weight.transpose(0, 1)):
            weight[5:] *= 1e-3

    take_out(one, SIZE, round(cost_of(one, SIZE).multiply_adds * 0.7))

    assert block.bn1.num_features < 64
    assert block.bn1.bias[:5].tolist() == [0, 1, 2, 3, 4]


def test_more_than_a_network_can_do_without_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"Not so much can be taken out .* Lower training\.prune"):
        take_out(network(SMALL), SIZE, 1)


def test_the_same_channels_can_be_taken_out_of_a_copy() -> None:
    one, other = network(SMALL), network(SMALL, "seed=1")

    cuts = take_out(one, SIZE, round(cost_of(one, SIZE).multiply_adds * 0.7))
    take_out_again(other, SIZE, cuts)

    other.load_state_dict(one.state_dict())
    assert torch.equal(one(pixels()).logits, other(pixels()).logits)


def test_a_pruned_network_learns_again_and_its_graph_gives_what_it_gives(
    dataset: Dataset, learnt: tuple[Path, Trained], tmp_path: Path
) -> None:
    path, whole = learnt
    told = Told()

    pruned = run(dataset, pruning_recipe(path, "training.epochs=20"), progress=told)

    assert cost_of(pruned.network, SIZE).multiply_adds <= 0.6 * cost_of(whole.network, SIZE).multiply_adds
    assert pruned.best.validation["accuracy"] > 0.9
    assert "fewer multiply-adds than the" in told.plan["pruning"]
    assert pruned.plan["pruning"] == told.plan["pruning"]
    images = pixels().numpy()
    export_onnx(pruned.network, tmp_path / "model.onnx", example=images[:1])
    check = check_export(pruned.network, tmp_path / "model.onnx", [images], activation="softmax")
    assert check.label_agreement == 1


def test_the_epoch_that_is_kept_has_the_size_that_was_asked_for(
    dataset: Dataset, learnt: tuple[Path, Trained]
) -> None:
    pruned = run(dataset, pruning_recipe(learnt[0], "training.prune_steps=2"))

    assert [record.epoch for record in pruned.history] == [1, 2, 3, 4]
    assert pruned.best_epoch >= 2
    assert cost_of(pruned.network, SIZE).multiply_adds <= 0.6 * cost_of(learnt[1].network, SIZE).multiply_adds


@pytest.mark.parametrize(
    "at", [(1, 2), (2, 1), (2, 2), (3, 1), (4, 3)], ids=["first", "after a cut", "amid", "second", "end"]
)
def test_a_run_that_was_killed_between_two_cuts_ends_with_the_same_weights(
    dataset: Dataset, learnt: tuple[Path, Trained], tmp_path: Path, at: tuple[int, int]
) -> None:
    recipe = pruning_recipe(learnt[0], "training.prune_steps=2", "training.ema=0.9")
    identity = {"recipe": "this one"}
    whole = run(dataset, recipe, saving=Saving(tmp_path / "whole", identity, every_s=0))

    with pytest.raises(Killed):
        run(dataset, recipe, Told(at), Saving(tmp_path / "state", identity, every_s=0))
    resumed = run(dataset, recipe, saving=Saving(tmp_path / "state", identity, resume=True, every_s=0))

    one, other = whole.network.state_dict(), resumed.network.state_dict()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    assert [(r.epoch, r.train_loss) for r in resumed.history] == [
        (r.epoch, r.train_loss) for r in whole.history
    ]


def test_a_network_begins_with_the_weights_of_an_earlier_run_its_head_included(
    learnt: tuple[Path, Trained],
) -> None:
    path, whole = learnt
    recipe = recipe_for("images", quick(SMALL, f"model.start={path}", "seed=3"))
    one = build_network(recipe, 4)

    load_start(one, recipe, CLASSES)

    torch.testing.assert_close(one.eval()(pixels()).logits, whole.network(pixels()).logits)
    assert choose_strategy(recipe, 10).strategy == "two_phase"


@pytest.mark.parametrize(
    "overrides, labels, says",
    [
        (["model.backbone=resnet10t"], CLASSES, "is a 'test_resnet', and model.backbone is 'resnet10t'"),
        (["model.head=mlp"], CLASSES, "do not fit: .* missing"),
        ([], ("one", "two", "three", "four"), "Both need the same labels"),
    ],
    ids=["backbone", "head", "labels"],
)
def test_weights_of_something_else_are_refused(
    learnt: tuple[Path, Trained], overrides: Sequence[str], labels: Sequence[str], says: str
) -> None:
    recipe = recipe_for("images", quick(SMALL, f"model.start={learnt[0]}", *overrides))

    with pytest.raises(TrainingError, match=says):
        load_start(build_network(recipe, 4), recipe, labels)


def test_a_pruned_network_is_no_start(learnt: tuple[Path, Trained], tmp_path: Path) -> None:
    path = tmp_path / "pruned.safetensors"
    write_weights(path, learnt[1].network, WeightsFacts(backbone="test_resnet", labels=CLASSES, pruned=True))

    with pytest.raises(TrainingError, match="were taken out of already"):
        check_network(pruning_recipe(path))


def test_places_that_hold_no_weights_are_told_apart(tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    safetensors.torch.save_file({"x": torch.zeros(1)}, other)
    (tmp_path / "run").mkdir()
    (tmp_path / "weights.pth").write_bytes(b"")

    for start, says in (
        (other, "was not written at the end of a run"),
        (tmp_path / "run", "A run leaves its weights there when it has finished"),
        (tmp_path / "weights.pth", "neither a run folder nor a .safetensors file"),
    ):
        with pytest.raises(TrainingError, match=says):
            check_network(pruning_recipe(start))


def test_attention_is_refused_by_name_before_any_picture_is_read(tmp_path: Path) -> None:
    vit = ("model.backbone=test_vit", "model.pretrained=false", "data.input_size=160")
    path = tmp_path / "vit.safetensors"
    write_weights(
        path,
        build_network(recipe_for("images", vit), 4),
        WeightsFacts(backbone="test_vit", labels=CLASSES, pruned=False),
    )

    with pytest.raises(
        TrainingError, match="'test_vit', which has attention: training.prune is for convolutional"
    ):
        check_network(recipe_for("images", (*vit, f"model.start={path}", "training.prune=0.3")))


@pytest.mark.parametrize(
    "overrides, says",
    [
        (["training.prune=0.3"], "training.prune = 0.3: needs model.start"),
        (["training.prune_steps=2"], "training.prune_steps = 2: belongs to training.prune"),
        (
            ["model.start=run", "training.prune=0.3", "training.prune_steps=3", "training.epochs=4"],
            "must be at most half of training.epochs, which is 4",
        ),
        (
            ["model.start=run", "training.strategy=linear"],
            "must be auto, two_phase or full where model.start",
        ),
        (["model.start=run", "training.freeze_backbone_epochs=2"], "must be left out where model.start"),
        (["model.start=run", "training.prune=0.95"], "must be less than or equal to 0.9"),
    ],
)
def test_contradictions_of_pruning_are_reported(overrides: Sequence[str], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        recipe_for("images", overrides)


def test_cuts_come_in_the_first_half_and_each_takes_the_same_share_of_what_is_left() -> None:
    recipe = recipe_for("images", ("model.start=run", "training.prune=0.75", "training.prune_steps=2"))

    first, last = levels_of(recipe, 20)

    assert (first.epochs, last.epochs) == (range(1, 6), range(6, 21))
    assert (first.share, last.share) == (pytest.approx(0.5), pytest.approx(0.75))
    assert levels_of(recipe_for("images"), 20) == ()
