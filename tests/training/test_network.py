from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from torch import Tensor

from sightline.errors import TrainingError
from sightline.training import Network, recipe_for
from sightline.training.network.network import build_network


def network(backbone: str, size: str = "64", *overrides: str) -> Network:
    common = [f"model.backbone={backbone}", "model.pretrained=false", f"data.input_size={size}"]
    return build_network(recipe_for(Path("images"), [*common, *overrides]), num_classes=5)


def some_images(height: int, width: int, count: int = 2) -> Tensor:
    pixels = np.random.default_rng(3).integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    return torch.from_numpy(pixels)


@pytest.mark.parametrize(
    "backbone, embedding_size, map_shape",
    [
        ("mobilenetv2_100", 1280, (1280, 2, 2)),
        ("mobilenetv3_small_050", 1024, (288, 2, 2)),
        ("resnet10t", 512, (512, 2, 2)),
        ("vit_tiny_patch16_224", 192, (192, 4, 4)),
        ("convnext_atto", 320, (320, 2, 2)),
        ("swin_tiny_patch4_window7_224", 768, (768, 2, 2)),
    ],
)
def test_outputs_are_those_of_the_plain_timm_model_on_normalised_images(
    backbone: str, embedding_size: int, map_shape: tuple[int, int, int]
) -> None:
    net = network(backbone)
    images = some_images(64, 64)
    standard = net.backbone.pretrained_cfg
    mean, std = (torch.tensor(standard[name]).reshape(1, 3, 1, 1) for name in ("mean", "std"))

    with torch.inference_mode():
        outputs = net(images)
        plain = net.backbone((images.permute(0, 3, 1, 2) / 255 - mean) / std)
        from_embedding = net.head(outputs.embedding)

    torch.testing.assert_close(outputs.logits, plain, atol=1e-4, rtol=1e-4)
    assert outputs.logits.shape == (2, 5)
    assert outputs.embedding.shape == (2, embedding_size)
    assert outputs.feature_map.shape == (2, *map_shape)
    torch.testing.assert_close(from_embedding, outputs.logits)


def test_a_transformer_at_another_size_than_its_own_can_learn_with_all_its_parameters() -> None:
    net = network("vit_tiny_patch16_224")

    net.train().logits(some_images(64, 64)).sum().backward()

    for name, parameter in net.named_parameters():
        parameter.requires_grad_(False).requires_grad_(True)
        assert parameter.grad is not None, name


def test_a_transformer_s_map_has_the_patches_where_they_are_in_the_picture() -> None:
    net = network("vit_tiny_patch16_224", "[32, 64]")
    tokens = torch.arange(9, dtype=torch.float32).reshape(1, 9, 1)

    assert net.feature_map(tokens)[0, 0].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]


def test_a_channels_last_map_gets_its_channels_to_the_front() -> None:
    net = network("swin_tiny_patch4_window7_224", "[64, 96]")

    with torch.inference_mode():
        assert net(some_images(64, 96)).feature_map.shape == (2, 768, 2, 3)


def test_normalize_of_the_recipe_replaces_the_backbone_s_own() -> None:
    images = some_images(64, 64)
    step = "augmentation=[{Normalize: {mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 1.0]}}]"

    normalised = network("resnet10t", "64", step).normalize(images)

    expected = (images[0, 5, 7] / 255 - torch.tensor([0.1, 0.2, 0.3])) / torch.tensor([0.5, 0.25, 1.0])
    torch.testing.assert_close(normalised[0, :, 5, 7], expected)


def test_the_seed_decides_the_new_weights() -> None:
    first, again, other = (network("resnet10t", "64", f"seed={seed}").head.weight for seed in (1, 1, 2))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    "backbone, size, says",
    [
        ("resnet10x", "64", "Did you mean resnet10t"),
        ("vit_tiny_patch16_224", "[50, 70]", "patches of 16 × 16 px and cannot take 50 × 70 px whole"),
    ],
)
def test_a_backbone_that_cannot_be_used_is_refused_with_its_reason(
    backbone: str, size: str, says: str
) -> None:
    with pytest.raises(TrainingError, match=says):
        network(backbone, size)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "resnet10t.safetensors"
    safetensors.torch.save_file(timm.create_model("resnet10t", num_classes=7).state_dict(), file)
    return file


def pretrained(value: object) -> Network:
    overrides = ["model.backbone=resnet10t", f"model.pretrained={value}", "data.input_size=64"]
    return build_network(recipe_for(Path("images"), overrides), num_classes=5)


def altered(weights: Path, folder: Path, *, drop: str = "", add: str = "", cut: str = "") -> Path:
    state = safetensors.torch.load_file(weights)
    state.pop(drop, None)
    if add:
        state[add] = torch.zeros(1)
    if cut:
        state[cut] = state[cut][:1].clone()
    file = folder / "altered.safetensors"
    safetensors.torch.save_file(state, file)
    return file


def test_weights_of_a_file_are_loaded_except_the_classifier(weights: Path) -> None:
    state = pretrained(weights).backbone.state_dict()

    given = safetensors.torch.load_file(weights)
    assert all(torch.equal(state[name], given[name]) for name in given if not name.startswith("fc."))
    assert state["fc.weight"].shape == (5, 512)


def test_weights_that_do_not_fit_are_named(weights: Path, tmp_path: Path) -> None:
    file = altered(weights, tmp_path, drop="layer1.0.conv1.weight", add="odd.bias", cut="layer2.0.bn1.bias")

    with pytest.raises(TrainingError) as caught:
        pretrained(file)

    message = str(caught.value)
    assert "1 missing (layer1.0.conv1.weight)" in message
    assert "1 unexpected (odd.bias)" in message
    assert "1 of another shape (layer2.0.bn1.bias is [1] instead of [128])" in message


@pytest.mark.parametrize("name", ["weights.pth", "weights.bin", "weights.pt"])
def test_a_pickle_is_never_opened(tmp_path: Path, name: str) -> None:
    torch.save({}, tmp_path / name)

    with pytest.raises(TrainingError, match=r"not a \.safetensors file; it may hold a pickle.*save_file"):
        pretrained(tmp_path / name)


def test_a_damaged_or_missing_weights_file_is_a_training_error(tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"\x00" * 50)

    for name in ("bad.safetensors", "none.safetensors"):
        with pytest.raises(TrainingError, match=f"{name}' cannot be read"):
            pretrained(tmp_path / name)


def test_without_a_hub_the_error_says_which_key_helps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    with pytest.raises(TrainingError, match=r"model\.pretrained=PATH of a \.safetensors file"):
        pretrained("true")
