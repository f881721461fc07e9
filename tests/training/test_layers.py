from itertools import pairwise
from pathlib import Path

import pytest
from torch import nn

from sightline.training import Network, recipe_for
from sightline.training.network.layers import depths, stages
from sightline.training.network.network import build_network

BACKBONES = ["test_resnet", "test_vit", "mobilenetv3_small_050", "convnext_atto", "pit_ti_224"]


def network(backbone: str) -> Network:
    if backbone == "pit_ti_224":
        # A model that timm does not group, and whose features are of three sizes at once.
        import timm

        return Network(timm.create_model(backbone, num_classes=3), (0, 0, 0), (1, 1, 1))
    common = [f"model.backbone={backbone}", "model.pretrained=false", "data.input_size=160"]
    return build_network(recipe_for(Path("images"), common), num_classes=3)


def head_names(net: Network) -> set[str]:
    in_head = {id(parameter) for parameter in net.head.parameters()}
    return {name for name, parameter in net.named_parameters() if id(parameter) in in_head}


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_parameter_has_a_depth_and_the_head_alone_is_on_top(backbone: str) -> None:
    net = network(backbone)

    depth_of = depths(net)

    assert list(depth_of) == [name for name, _ in net.named_parameters()]
    assert set(depth_of.values()) == set(range(max(depth_of.values()) + 1))
    assert {name for name, depth in depth_of.items() if depth == max(depth_of.values())} == head_names(net)


@pytest.mark.parametrize(
    "backbone, bottom_to_top",
    [
        ("test_resnet", ["conv1.0.weight", "layer1.0.conv1.weight", "layer4.0.conv1.weight", "fc.bias"]),
        ("test_vit", ["pos_embed", "blocks.0.attn.qkv.weight", "blocks.5.mlp.fc1.bias", "head.weight"]),
        (
            "mobilenetv3_small_050",
            [
                "conv_stem.weight",
                "blocks.1.0.conv_dw.weight",
                "blocks.1.1.conv_dw.weight",
                "conv_head.weight",
            ],
        ),
        (
            "convnext_atto",
            ["stem.0.weight", "stages.0.blocks.0.conv_dw.weight", "head.norm.weight", "head.fc.weight"],
        ),
    ],
)
def test_depth_rises_from_the_stem_to_the_head(backbone: str, bottom_to_top: list[str]) -> None:
    depth_of = depths(network(backbone))

    found = [depth_of[f"backbone.{name}"] for name in bottom_to_top]
    assert found[0] == 0
    assert all(lower < upper for lower, upper in pairwise(found))


def test_the_last_norm_is_as_deep_as_what_it_normalises() -> None:
    depth_of = depths(network("convnext_atto"))

    assert depth_of["backbone.head.norm.weight"] == depth_of["backbone.stages.3.blocks.1.mlp.fc1.weight"]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_stages_hold_each_parameter_of_the_backbone_once_from_top_to_bottom(backbone: str) -> None:
    net = network(backbone)
    depth_of = depths(net)

    found = stages(net)

    names = [name for stage in found for name in stage]
    assert len(names) == len(set(names))
    assert set(names) == set(depth_of) - head_names(net)
    assert len(found) >= 4
    deepest = [max(depth_of[name] for name in stage) for stage in found]
    assert all(upper > lower for upper, lower in pairwise(deepest))


def test_the_stages_of_a_resnet_are_its_four_and_the_stem() -> None:
    tops = [stage[0].split(".")[1] for stage in stages(network("test_resnet"))]

    assert tops == ["layer4", "layer3", "layer2", "layer1", "conv1"]


def test_the_head_s_own_shape_does_not_move_the_layers_below_it() -> None:
    net = network("test_vit")
    before, stages_before = depths(net), stages(net)

    net.backbone.head = nn.Sequential(nn.Linear(64, 8), nn.GELU(), nn.Linear(8, 3))

    top = max(before.values())
    after = depths(net)
    assert {name: depth for name, depth in after.items() if depth < top} == {
        name: depth for name, depth in before.items() if depth < top
    }
    assert after["backbone.head.0.weight"] == after["backbone.head.2.bias"] == top
    assert stages(net) == stages_before
