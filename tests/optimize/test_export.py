import copy
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from sightline.errors import BundleCorrupt, ExportMismatch
from sightline.inference import open_session
from sightline.optimize import OPSET, check_export, export_onnx
from sightline.training import Network, recipe_for
from sightline.training.network.network import build_network


def build(backbone: str) -> Network:
    overrides = [f"model.backbone={backbone}", "model.pretrained=false", "data.input_size=[32, 64]"]
    network = build_network(recipe_for(Path("images"), overrides), num_classes=3)
    # As training leaves it: the graph must not depend on how weights lie in memory.
    return network.to(memory_format=torch.channels_last)


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (5, 32, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def network() -> Network:
    return build("resnet10t")


@pytest.fixture(scope="module")
def graph(network: Network, pixels: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("graph") / "model.onnx"
    export_onnx(network, file, example=pixels[:1])
    return file


def test_the_graph_has_the_contract_s_names_types_and_open_batch(graph: Path) -> None:
    session = open_session(graph.read_bytes(), "model.onnx")

    [images] = session.get_inputs()
    outputs = {output.name: (output.type, output.shape[1:]) for output in session.get_outputs()}
    assert (images.name, images.type, images.shape[1:]) == ("images", "tensor(uint8)", [32, 64, 3])
    assert isinstance(images.shape[0], str)
    assert outputs == {
        "logits": ("tensor(float)", [3]),
        "embedding": ("tensor(float)", [512]),
        "feature_map": ("tensor(float)", [512, 1, 2]),
    }


def test_the_graph_is_one_file_of_the_stated_operator_set(graph: Path) -> None:
    model = onnx.load(graph, load_external_data=False)

    assert [file.name for file in graph.parent.iterdir()] == ["model.onnx"]
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    assert {entry.domain: entry.version for entry in model.opset_import}[""] == OPSET


def test_the_graph_has_batch_norm_folded_away_and_no_index_tables(graph: Path) -> None:
    operators = {node.op_type for node in onnx.load(graph).graph.node}

    assert not operators & {"BatchNormalization", "Gather", "Range", "Dropout"}


def test_a_faithful_graph_passes_with_its_figures(
    network: Network, graph: Path, pixels: NDArray[np.uint8]
) -> None:
    check = check_export(network, graph, [pixels[:2], pixels[2:]])

    assert (check.images, check.batch_size, check.label_agreement) == (5, 3, 1.0)
    assert 0 < check.max_logit_difference < 1e-4
    assert check.max_probability_difference < 1e-5


@pytest.mark.parametrize("shift, agreement", [(0.02, "100.00%"), (50.0, r"\d+\.00%")])
def test_a_network_that_was_changed_after_the_export_is_caught(
    network: Network, graph: Path, pixels: NDArray[np.uint8], shift: float, agreement: str
) -> None:
    tampered = copy.deepcopy(network)
    other = int(network(torch.from_numpy(pixels)).logits[0].argmin())
    with torch.no_grad():
        tampered.head.bias[other] += shift  # type: ignore[index]

    with pytest.raises(ExportMismatch, match=rf"{agreement} of 5 labels .* probability is \d\.\d\de-\d\d"):
        check_export(tampered, graph, [pixels], tolerance=1e-4)


def test_exporting_leaves_the_network_as_it_was(
    network: Network, pixels: NDArray[np.uint8], graph: Path
) -> None:
    weight = network.backbone.conv1[0].weight

    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not network.training


def test_a_file_that_is_no_graph_is_refused(
    network: Network, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"nonsense")

    with pytest.raises(BundleCorrupt, match="no graph"):
        check_export(network, tmp_path / "model.onnx", [pixels])


def test_a_transformer_exports_too(pixels: NDArray[np.uint8], tmp_path: Path) -> None:
    network = build("vit_tiny_patch16_224")

    export_onnx(network, tmp_path / "model.onnx", example=pixels)

    assert check_export(network, tmp_path / "model.onnx", [pixels]).label_agreement == 1
