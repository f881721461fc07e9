"""Which networks' class-activation maps are exact: found by their numbers, not by their names."""

from collections.abc import Sequence

import numpy as np
import pytest
import timm
import torch
from numpy.typing import NDArray

from quadrants import draw_quadrants
from sightline.dataset import Dataset
from sightline.lifecycle.head import compare_head, take_head
from sightline.records import Preprocessing
from sightline.training.network.head import attach_head
from sightline.training.network.network import Network
from sightline.training.recipe.sections import ModelSection

SPEC = Preprocessing(width_px=160, height_px=160)


class NetworkEngine:
    """A network run by torch itself, in the place of its exported graph."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def run(self, images: NDArray[np.uint8], outputs: Sequence[str]) -> list[NDArray[np.float32]]:
        with torch.inference_mode():
            given = self.network(torch.from_numpy(images))
        return [getattr(given, name).numpy() for name in outputs]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return draw_quadrants(tmp_path_factory.mktemp("quadrants"), train=1, val=1)


def network(backbone: str, head: str = "linear") -> Network:
    torch.manual_seed(0)
    created = timm.create_model(backbone, num_classes=3)
    attach_head(created, ModelSection(backbone=backbone, head=head, head_width=24), 3)  # type: ignore[arg-type]
    return Network(created.eval(), (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)).eval()


@pytest.mark.parametrize(
    "backbone, exact",
    [
        ("test_resnet", True),
        ("mobilenetv2_035", True),
        ("mobilenetv3_small_050", False),  # a convolution between pooling and head
        ("convnext_atto", False),  # a norm between them
        ("test_vit", False),  # a class token
    ],
)
def test_only_a_linear_layer_on_the_mean_of_the_map_is_exact(
    dataset: Dataset, backbone: str, exact: bool
) -> None:
    made = network(backbone)
    head = take_head(made)

    found = compare_head(head, NetworkEngine(made), dataset, SPEC)

    assert head is not None
    assert found.exact is exact
    assert found.images == len(dataset)
    assert found.deviation is None or (found.deviation < 1e-5) is exact


def test_an_mlp_is_no_head_that_can_be_taken(dataset: Dataset) -> None:
    made = network("test_resnet", "mlp")

    assert take_head(made) is None
    assert compare_head(None, NetworkEngine(made), dataset, SPEC).pooling is None


def test_a_head_with_other_weights_is_found_out(dataset: Dataset) -> None:
    made = network("test_resnet")
    head = take_head(made)
    assert head is not None

    found = compare_head(type(head)(head.weight * 1.01, head.bias), NetworkEngine(made), dataset, SPEC)

    assert not found.exact


def test_a_taken_head_gives_the_logits_of_the_embedding(dataset: Dataset) -> None:
    made = network("mobilenetv3_small_050")
    head = take_head(made)
    assert head is not None

    pixels = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
    logits, embedding = NetworkEngine(made).run(pixels, ["logits", "embedding"])

    assert head.logits(embedding) == pytest.approx(logits, abs=1e-5)


def test_a_head_is_a_copy_that_training_does_not_change() -> None:
    made = network("test_resnet")
    head = take_head(made)
    assert head is not None
    before = head.weight.copy()

    with torch.no_grad():
        made.head.weight.add_(1)

    assert np.array_equal(head.weight, before)
