from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from torch import Tensor, nn

from sightline.errors import TrainingError
from sightline.training.network.head import attach_head
from sightline.training.network.network import Network
from sightline.training.network.weights import TimmModel, load_pretrained
from sightline.training.recipe.sections import ModelSection

BACKBONES = ["test_resnet", "test_vit", "mobilenetv3_small_050", "convnext_atto"]


def model(backbone: str, head: str = "mlp") -> ModelSection:
    return ModelSection(backbone=backbone, head=head, head_width=24, dropout=0.5)  # type: ignore[arg-type]


def with_mlp(backbone: str, num_classes: int = 3) -> TimmModel:
    created = timm.create_model(backbone, num_classes=num_classes)
    attach_head(created, model(backbone), num_classes)
    return created.eval()


def some_images(size: int) -> Tensor:
    pixels = np.random.default_rng(3).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    return torch.from_numpy(pixels)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_an_mlp_stands_between_the_embedding_and_the_logits(backbone: str) -> None:
    created = with_mlp(backbone)
    network = Network(created, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)).eval()
    images = some_images(160)

    with torch.inference_mode():
        outputs = network(images)
        plain = created(network.normalize(images))
        first, _, _, last = network.head
        by_hand = last(nn.functional.gelu(first(outputs.embedding)))

    torch.testing.assert_close(outputs.logits, plain)
    torch.testing.assert_close(outputs.logits, by_hand)
    assert outputs.logits.shape == (2, 3)
    assert first.weight.shape == (24, outputs.embedding.shape[1])


def test_the_mlp_drops_values_in_training_only() -> None:
    head = with_mlp("test_resnet").get_classifier()
    embedding = torch.ones(1, head[0].in_features)

    learning = {tuple(head.train()(embedding)[0].tolist()) for _ in range(8)}
    judged = {tuple(head.eval()(embedding)[0].tolist()) for _ in range(8)}

    assert len(learning) > 1
    assert len(judged) == 1


def test_a_linear_head_is_timm_s_own() -> None:
    created = timm.create_model("test_resnet", num_classes=3)
    before = created.get_classifier()

    attach_head(created, model("test_resnet", "linear"), 3)

    assert created.get_classifier() is before


@pytest.mark.parametrize("attach_first", [False, True])
@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit", "mobilenetv3_small_050", "convnext_atto"])
def test_pretrained_weights_fill_all_but_the_mlp(backbone: str, attach_first: bool, tmp_path: Path) -> None:
    given = timm.create_model(backbone, num_classes=7).state_dict()
    safetensors.torch.save_file(given, tmp_path / "weights.safetensors")
    created = timm.create_model(backbone, num_classes=3)

    for attaching in (attach_first, not attach_first):
        if attaching:
            attach_head(created, model(backbone), 3)
        else:
            load_pretrained(created, str(tmp_path / "weights.safetensors"))

    now = created.state_dict()
    of_head = {name for name in now if name not in given or not torch.equal(now[name], given[name])}
    in_head = {id(parameter) for parameter in created.get_classifier().parameters()}
    assert of_head == {name for name, one in created.named_parameters() if id(one) in in_head}
    assert len(of_head) == 4


def test_a_model_without_one_linear_classifier_is_refused() -> None:
    created = timm.create_model("resnetv2_50", num_classes=3)  # classifies by a 1 × 1 convolution

    with pytest.raises(TrainingError, match=r"'resnetv2_50' is a Conv2d.*Set model\.head=linear"):
        attach_head(created, model("resnetv2_50"), 3)
