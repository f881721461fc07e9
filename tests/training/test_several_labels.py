"""A training in which any number of labels is true."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from quadrants import quick
from sightline.dataset import Dataset, read_dataset
from sightline.errors import DatasetError
from sightline.training import recipe_for, train
from sightline.training.baseline import score_probe
from sightline.training.network.network import build_network

LABELS = ("bottom", "left", "right", "top")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Each half of a picture is bright or not, on its own; some pictures have no label at all."""
    root = tmp_path_factory.mktemp("halves")
    random = np.random.default_rng(3)
    rows = []
    for index in range(96):
        bright = random.random(4) < 0.4
        pixels = random.integers(0, 60, (32, 32, 3), dtype=np.uint8)
        for half, region in zip(bright, (np.s_[24:], np.s_[:, :8], np.s_[:, 24:], np.s_[:8]), strict=True):
            pixels[region] += np.uint8(90 * half)
        Image.fromarray(pixels).save(root / f"{index:02}.png")
        labels = [label for label, half in zip(LABELS, bright, strict=True) if half]
        rows.append(f'{{"file_name": "{index:02}.png", "labels": {labels}, "split": "{_split(index)}"}}')
    (root / "metadata.jsonl").write_text("\n".join(rows).replace("'", '"'))
    return read_dataset(root)


def _split(index: int) -> str:
    return "val" if index % 4 == 0 else "train"


def test_labels_that_are_true_together_are_learnt(dataset: Dataset) -> None:
    recipe = recipe_for(
        "images",
        quick(
            "task=multilabel",
            "model.backbone=test_resnet",
            "training.epochs=12",
            "training.learning_rate=1e-2",
        ),
    )

    trained = train(recipe, dataset.of_split("train"), dataset.of_split("val"))

    assert set(trained.best.validation) == {"map", "f1_macro", "loss"}
    assert trained.best.validation["map"] > 0.9
    assert trained.plan["imbalance"].startswith("'")


@pytest.mark.parametrize("loss", ["focal", "asymmetric"])
def test_every_loss_of_several_labels_learns(dataset: Dataset, loss: str) -> None:
    recipe = recipe_for(
        "images",
        quick(
            "task=multilabel",
            f"loss.type={loss}",
            "model.backbone=test_resnet",
            "training.epochs=12",
            "training.learning_rate=1e-2",
            "augmentation=[{MixUp: {alpha: 0.2}}]",
        ),
    )

    trained = train(recipe, dataset.of_split("train"), dataset.of_split("val"))

    assert trained.history[-1].train_loss < trained.history[0].train_loss
    assert trained.best.validation["map"] > 0.7


def test_the_probe_of_several_labels_answers_with_each_on_its_own(dataset: Dataset, tmp_path: Path) -> None:
    import safetensors.torch

    start = build_network(recipe_for("images", quick("model.backbone=test_resnet")), 4)
    safetensors.torch.save_file(start.backbone.state_dict(), tmp_path / "start.safetensors")
    recipe = recipe_for(
        "images",
        quick(
            "task=multilabel", "model.backbone=test_resnet", f"model.pretrained={tmp_path}/start.safetensors"
        ),
    )
    train_part, val = dataset.of_split("train"), dataset.of_split("val")

    trained = train(recipe, train_part, val)

    assert trained.probe is not None
    assert trained.best_epoch == 0
    scores = score_probe(recipe, trained.probe, val)
    assert scores.task == "multilabel"
    probabilities = torch.from_numpy(scores.logits).sigmoid()
    # With softmax every row would sum to 1, and a picture could not have no label or three.
    assert probabilities.sum(dim=1).std() > 0.1


def test_a_set_with_several_labels_a_picture_is_not_taken_for_one_of_classes(dataset: Dataset) -> None:
    with pytest.raises(DatasetError, match="task=multilabel"):
        train(recipe_for("images", quick()), dataset.of_split("train"), dataset.of_split("val"))
