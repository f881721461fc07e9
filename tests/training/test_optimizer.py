import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from sightline.training import Network, Recipe, recipe_for
from sightline.training.network.layers import depths
from sightline.training.network.network import build_network
from sightline.training.objective.optimizer import build_optimizer, head_optimizer, set_learning_rates

NAMES = ["adamw", "sgd", "lion", "muon"]


def recipe(*overrides: str) -> Recipe:
    common = ["model.backbone=test_resnet", "model.pretrained=false", "model.dropout=0", "data.input_size=32"]
    return recipe_for(Path("images"), [*common, *overrides])


def network(given: Recipe | None = None) -> Network:
    net = build_network(given or recipe(), num_classes=6)
    for name, parameter in net.named_parameters():
        if name.endswith(("bn2.weight", "bn3.weight")):
            # timm begins with 0, and so without gradients in the branch.
            torch.nn.init.ones_(parameter)
    return net.train()


def some_images() -> tuple[Tensor, Tensor]:
    pixels = np.random.default_rng(3).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    return torch.from_numpy(pixels), torch.tensor([0, 1, 2, 0, 1, 2])


def learn(net: Network, optimizer: torch.optim.Optimizer, steps: int, share: float = 0.5) -> list[float]:
    images, targets = some_images()
    losses = []
    for _ in range(steps):
        set_learning_rates(optimizer, share)
        loss = torch.nn.functional.cross_entropy(net.logits(images), targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return losses


def moved(net: Network, before: dict[str, Tensor]) -> set[str]:
    return {name for name, one in net.named_parameters() if not torch.equal(one, before[name])}


def weights(net: Network) -> dict[str, Tensor]:
    return {name: one.detach().clone() for name, one in net.named_parameters()}


def rates(net: Network, optimizer: torch.optim.Optimizer, key: str = "peak_lr") -> dict[str, float]:
    names = {id(one): name for name, one in net.named_parameters()}
    return {names[id(one)]: group[key] for group in optimizer.param_groups for one in group["params"]}


@pytest.mark.parametrize("name", NAMES)
def test_each_optimiser_learns_with_every_parameter(name: str) -> None:
    given = recipe(f"training.optimizer={name}", "training.weight_decay=1e-4")
    net = network(given)
    before = weights(net)

    losses = learn(net, build_optimizer(net, given), 15)

    assert losses[-1] < 0.8 * losses[0]
    assert moved(net, before) == set(before)


@pytest.mark.parametrize(
    "name, decay", [("adamw", 0.05), ("sgd", 1e-4), ("lion", 0.5), ("muon", 0.05)], ids=NAMES
)
def test_each_optimiser_has_a_weight_decay_of_its_own(name: str, decay: float) -> None:
    by_default, asked = (
        recipe(f"training.optimizer={name}", *more) for more in ((), ("training.weight_decay=0",))
    )
    net = network(by_default)

    found = rates(net, build_optimizer(net, by_default), "weight_decay")
    none = rates(net, build_optimizer(net, asked), "weight_decay")

    assert set(found.values()) == {decay, 0.0}
    assert set(none.values()) == {0.0}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_moves_before_a_rate_is_set(name: str) -> None:
    given = recipe(f"training.optimizer={name}", "training.weight_decay=0.5")
    net = network(given)
    before = weights(net)

    learn(net, build_optimizer(net, given), 2, share=0.0)

    assert moved(net, before) == set()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_frozen_stays_bit_for_bit_and_learns_once_it_is_free(name: str) -> None:
    given = recipe(f"training.optimizer={name}", "training.weight_decay=0.5")
    net = network(given)
    optimizer = build_optimizer(net, given)
    before = weights(net)
    learnt = [
        one for one_name, one in net.named_parameters() if "layer4" not in one_name and "fc" not in one_name
    ]

    for parameter in learnt:
        parameter.requires_grad_(False)
    learn(net, optimizer, 3)
    first = moved(net, before)
    for parameter in learnt:
        parameter.requires_grad_(True)
    learn(net, optimizer, 1)

    assert first == {one for one in before if "layer4" in one or "fc" in one}
    assert moved(net, before) == set(before)


@pytest.mark.parametrize("name", NAMES)
def test_an_interrupted_run_ends_with_the_weights_of_a_whole_one(name: str, tmp_path: Path) -> None:
    given = recipe(f"training.optimizer={name}", "training.layer_decay=0.7")
    whole, first = network(given), network(given)
    learn(whole, build_optimizer(whole, given), 4)

    interrupted = build_optimizer(first, given)
    learn(first, interrupted, 2)
    torch.save({"network": first.state_dict(), "optimizer": interrupted.state_dict()}, tmp_path / "kept.pt")
    kept = torch.load(tmp_path / "kept.pt", weights_only=True)
    second = network(given)
    second.load_state_dict(kept["network"])
    resumed = build_optimizer(second, given)
    resumed.load_state_dict(kept["optimizer"])
    learn(second, resumed, 2)

    assert moved(second, weights(whole)) == set()
    assert moved(first, weights(whole)) == set(weights(whole))


@pytest.mark.parametrize("name", NAMES)
def test_vectors_and_what_timm_names_do_not_decay(name: str) -> None:
    given = recipe(f"training.optimizer={name}", "training.weight_decay=0.3", "model.backbone=test_vit")
    given = given.model_copy(update={"data": given.data.model_copy(update={"input_size": (160, 160)})})
    net = network(given)

    decay = rates(net, build_optimizer(net, given), "weight_decay")

    vectors = {one_name for one_name, one in net.named_parameters() if one.ndim == 1}
    not_decayed = {one_name for one_name, value in decay.items() if value == 0}
    assert not_decayed == vectors | {"backbone.pos_embed", "backbone.cls_token"}
    assert set(decay.values()) == {0, 0.3}


@pytest.mark.parametrize("name", NAMES)
def test_the_head_and_the_backbone_have_their_own_rates(name: str) -> None:
    given = recipe(
        f"training.optimizer={name}", "training.learning_rate=1e-2", "training.backbone_lr_multiplier=0.1"
    )
    net = network(given)

    optimizer = build_optimizer(net, given)
    set_learning_rates(optimizer, 0.5)

    by_name = rates(net, optimizer, "lr")
    assert by_name["backbone.fc.weight"] == by_name["backbone.fc.bias"] == pytest.approx(5e-3)
    assert {round(value, 9) for one, value in by_name.items() if ".fc." not in one} == {5e-4}
    assert len(optimizer.param_groups) == 4


def test_each_layer_of_the_backbone_has_a_part_of_the_rate_above_it() -> None:
    given = recipe(
        "training.learning_rate=1.0", "training.backbone_lr_multiplier=0.1", "training.layer_decay=0.5"
    )
    net = network(given)

    by_name = rates(net, build_optimizer(net, given))

    depth_of = depths(net)
    top = depth_of["backbone.layer4.0.conv1.weight"]
    expected = {name: 0.1 * 0.5 ** (top - depth) for name, depth in depth_of.items() if depth <= top}
    assert by_name == pytest.approx(expected | {"backbone.fc.weight": 1.0, "backbone.fc.bias": 1.0})
    assert len(set(by_name.values())) == top + 2


def test_the_first_group_is_the_head_s_and_the_last_the_top_layer_s() -> None:
    given = recipe(
        "training.learning_rate=1.0", "training.layer_decay=0.5", "training.backbone_lr_multiplier=0.1"
    )
    optimizer = build_optimizer(network(given), given)

    assert optimizer.param_groups[0]["peak_lr"] == 1.0
    assert optimizer.param_groups[-1]["peak_lr"] == pytest.approx(0.1)


@pytest.mark.parametrize("name", NAMES)
def test_the_head_s_optimiser_holds_the_head_alone(name: str) -> None:
    given = recipe(f"training.optimizer={name}", "model.head=mlp")
    net = network(given)

    held = rates(net, head_optimizer(net, given))

    assert set(held) == {one for one in weights(net) if one.startswith("backbone.fc.")}
    assert set(held.values()) == {given.learning_rate}


def test_sgd_is_torch_s_with_nesterov_s_momentum_and_can_do_without() -> None:
    with_momentum = build_optimizer(network(), recipe("training.optimizer=sgd", "training.momentum=0.8"))
    without = build_optimizer(network(), recipe("training.optimizer=sgd", "training.momentum=0"))

    assert with_momentum.defaults["nesterov"] is True
    assert with_momentum.defaults["momentum"] == 0.8
    assert without.defaults["nesterov"] is False


def test_muon_turns_matrices_within_the_network_and_leaves_the_rest_to_adamw() -> None:
    given = recipe("training.optimizer=muon")
    net = network(given)
    optimizer = build_optimizer(net, given)

    learn(net, optimizer, 1)

    turned = {name for name, one in net.named_parameters() if "momentum_buffer" in optimizer.state[one]}
    assert turned == {name for name, one in net.named_parameters() if one.ndim == 4}


def test_muon_s_update_of_a_filter_has_all_directions_at_one_strength() -> None:
    given = recipe("training.optimizer=muon", "training.weight_decay=0", "training.learning_rate=1.0")
    net = network(given)
    before = copy.deepcopy(net.backbone.layer2[0].conv2.weight.detach())

    learn(net, build_optimizer(net, given), 1, share=1.0)

    step = (net.backbone.layer2[0].conv2.weight.detach() - before).flatten(1)
    strengths = torch.linalg.svdvals(step)
    felt = strengths[strengths > 1e-3 * strengths.max()]
    assert len(felt) > 20
    assert felt.max() < 2 * felt.median()
