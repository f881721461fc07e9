"""What every converter keeps to: the network's tensors by name, and its numbers."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

pytest.importorskip("torch")
import torch
from onnx import TensorProto, helper

from sightline.errors import InputError, MissingExtra
from sightline.inference import open_session
from sightline.optimize import export_onnx
from sightline.optimize.exporting import TARGETS, Source, converter_for
from sightline.optimize.exporting.cast_first import cast_first
from sightline.training import build_network, recipe_for

CLASSES = 3
SIZE = (32, 64)
OUTPUTS = ("logits", "embedding", "feature_map")


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(1).integers(0, 256, (2, *SIZE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def network():
    overrides = ["model.backbone=test_resnet", "model.pretrained=false", "data.input_size=[32, 64]"]
    return build_network(recipe_for(Path("images"), overrides), num_classes=CLASSES)


@pytest.fixture(scope="module")
def source(network, pixels, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "model.onnx"
    export_onnx(network, path, example=pixels[:1])
    return Source(path.read_bytes(), SIZE, network)


def converted(target, source, folder):
    converter = converter_for(target)
    for package in converter.kind.packages:
        pytest.importorskip(package)
    if target == "tensorrt" and not torch.cuda.is_available():
        pytest.skip("a TensorRT engine is built on an NVIDIA GPU")
    converter.convert(source, folder)
    return converter


@pytest.mark.parametrize("target", TARGETS)
def test_the_model_takes_the_pixels_and_gives_the_numbers_of_the_network(
    target, source, network, pixels, tmp_path
):
    converter = converted(target, source, tmp_path)

    engine = converter.open(tmp_path, "float32", 1)

    assert (tmp_path / converter.kind.file).exists()
    if isinstance(engine, str):
        assert (target, sys.platform == "darwin") == ("coreml", False)
        return
    assert engine.signature["images"] == ("uint8", (converter.kind.batch, *SIZE, 3))
    assert set(engine.signature) == {"images", *OUTPUTS}
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels))
    for given, wanted in zip(engine.run(pixels, OUTPUTS), expected, strict=True):
        np.testing.assert_allclose(given, wanted.numpy(), atol=1e-4)


def test_a_core_ml_package_takes_an_rgb_image_and_gives_floats_of_32_bits(source, tmp_path):
    tools = pytest.importorskip("coremltools")
    converted("coreml", source, tmp_path)

    described = tools.utils.load_spec(str(tmp_path / "model.mlpackage")).description

    (image,) = described.input
    assert (image.name, image.type.imageType.height, image.type.imageType.width) == ("images", *SIZE)
    assert image.type.imageType.colorSpace == image.type.imageType.RGB
    outputs = {one.name: one.type.multiArrayType for one in described.output}
    assert set(outputs) == set(OUTPUTS)
    assert list(outputs["logits"].shape) == [1, CLASSES]
    assert {one.dataType for one in outputs.values()} == {outputs["logits"].FLOAT32}


def test_without_a_gpu_tensorrt_says_that_it_needs_one(source, tmp_path):
    pytest.importorskip("tensorrt")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")

    with pytest.raises(
        InputError, match="built on the GPU that it is for, and this machine has no NVIDIA GPU"
    ):
        converter_for("tensorrt").convert(source, tmp_path)


def test_what_is_missing_is_named_with_its_extra_and_its_licence(source, tmp_path):
    if importlib.util.find_spec("tensorrt"):
        pytest.skip("TensorRT is installed here")

    with pytest.raises(MissingExtra, match=r"sightline\[tensorrt\]'\n.*proprietary"):
        converter_for("tensorrt").convert(source, tmp_path)


def test_the_cast_comes_before_the_transpose_and_nothing_else_changes(source, pixels):
    changed = cast_first(source.graph)

    first, second, *_ = onnx.load_from_string(changed).graph.node
    assert (first.op_type, second.op_type) == ("Cast", "Transpose")
    onnx.checker.check_model(onnx.load_from_string(changed), full_check=True)
    before, after = (
        open_session(graph, "g").run(None, {"images": pixels}) for graph in (source.graph, changed)
    )
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert cast_first(changed) == changed


def test_a_graph_that_begins_otherwise_is_left_alone():
    nodes = [helper.make_node("Cast", ["images"], ["logits"], to=TensorProto.FLOAT)]
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, [1, 4])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 4])
    graph = helper.make_model(helper.make_graph(nodes, "g", [images], [logits])).SerializeToString()

    assert cast_first(graph) == graph
