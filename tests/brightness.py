"""A real bundle whose explanations are known: bright places speak for `bright`, dark ones for nothing."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bundles import golden_pictures, provenance
from sightline.bundle import (
    EXPECTED_FILE,
    HEAD_FILE,
    Golden,
    Graph,
    Head,
    Manifest,
    Variant,
    list_files,
    pack_golden,
    pack_head,
    write_bundle,
)
from sightline.inference import OnnxEngine, open_session, record_golden
from sightline.records import ClassMaps, DecisionRule, Preprocessing

LABELS = ("bright", "dark")
HEAD = Head(np.array([[8.0], [-8.0]], np.float32), np.zeros(2, np.float32))


def brightness_graph(side: int, cells: int) -> bytes:
    """Its feature map is the mean brightness, 0 to 1, of each of `cells` × `cells` parts."""
    part = side // cells
    weights = {
        "scale": np.array(1 / 255, np.float32),
        "channels": np.array([1], np.int64),
        "head": np.ascontiguousarray(HEAD.weight.T),
    }
    nodes = [
        helper.make_node("Transpose", ["images"], ["nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["nchw"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "scale"], ["scaled"]),
        helper.make_node("ReduceMean", ["scaled", "channels"], ["grey"], keepdims=1),
        helper.make_node(
            "AveragePool", ["grey"], ["feature_map"], kernel_shape=[part, part], strides=[part, part]
        ),
        helper.make_node("GlobalAveragePool", ["feature_map"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["embedding"]),
        helper.make_node("MatMul", ["embedding", "head"], ["logits"]),
    ]
    outputs = {"logits": ["N", 2], "embedding": ["N", 1], "feature_map": ["N", 1, cells, cells]}
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", side, side, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def brightness_bundle(target: Path, *, side: int = 64, cells: int = 4, **preprocessing: object) -> Path:
    """Write the bundle; `preprocessing` as in `Preprocessing`."""
    spec = Preprocessing(width_px=side, height_px=side, **preprocessing)
    rule, graph, pictures = DecisionRule(), brightness_graph(side, cells), golden_pictures()
    expected = record_golden(pictures, spec, rule, LABELS, OnnxEngine(open_session(graph, "model.onnx")))
    files = {
        "model.onnx": graph,
        HEAD_FILE: pack_head(HEAD),
        EXPECTED_FILE: pack_golden(expected),
        **pictures,
    }
    manifest = Manifest(
        name=target.name,
        labels=LABELS,
        preprocessing=spec,
        decision=rule,
        graph=Graph(opset=18, embedding_size=1, feature_map_shape=(1, cells, cells)),
        class_maps=ClassMaps(pooling="mean", deviation=0.0, tolerance=1e-3, images=3),
        default_variant="float32",
        variants={"float32": Variant(file="model.onnx", precision="float32", gate={})},
        golden=Golden(count=len(pictures)),
        provenance=provenance(),
        metrics={},
        files=list_files(files),
    )
    write_bundle(target, manifest, files)
    return target
