"""A tiny real bundle: a small convolutional graph with fixed random weights, sealed by the product's own code."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pictures import encode, exif_orientation, gradient
from sightline.bundle import (
    EXPECTED_FILE,
    HEAD_FILE,
    REFERENCE_FILE,
    Golden,
    Graph,
    Head,
    Manifest,
    Provenance,
    Reference,
    Variant,
    list_files,
    pack_decided,
    pack_golden,
    pack_head,
    pack_reference,
    read_manifest,
    unpack_golden,
    write_bundle,
)
from sightline.images import preprocess_image
from sightline.inference import (
    Engine,
    OnnxEngine,
    OutlierScorer,
    open_session,
    record_decisions,
    record_golden,
)
from sightline.records import (
    ClassMaps,
    DecisionRule,
    OutlierRule,
    OutlierScore,
    Preprocessing,
    Task,
    Temperature,
)

LABELS = ("crack", "good", "hole")
SIDE = 32
CHANNELS = 4


def tiny_graph(classes: int = len(LABELS), side: int = SIDE) -> bytes:
    """uint8 NHWC in; logits, embedding and feature map out; as `optimize/` exports them."""
    weights = tiny_weights(classes)
    nodes = [
        helper.make_node("Transpose", ["images"], ["nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["nchw"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "scale"], ["scaled"]),
        helper.make_node("Conv", ["scaled", "kernel"], ["feature_map"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["feature_map"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["embedding"]),
        helper.make_node("MatMul", ["embedding", "head"], ["logits"]),
    ]
    outputs = {
        "logits": ["N", classes],
        "embedding": ["N", CHANNELS],
        "feature_map": ["N", CHANNELS, side // 2, side // 2],
    }
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", side, side, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def tiny_weights(classes: int = len(LABELS)) -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(7)
    return {
        "scale": np.array(1 / 64, np.float32),
        "kernel": rng.normal(0, 0.5, (CHANNELS, 3, 3, 3)).astype(np.float32),
        "head": rng.normal(0, 2, (CHANNELS, classes)).astype(np.float32),
    }


def tiny_head() -> Head:
    """The head of the tiny graph, which has no bias."""
    return Head(np.ascontiguousarray(tiny_weights()["head"].T), np.zeros(len(LABELS), np.float32))


def golden_pictures() -> dict[str, bytes]:
    noise = np.random.default_rng(2).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    return {
        "golden/00.png": encode(gradient()),
        "golden/01.jpg": encode(gradient(90, 60), "JPEG", quality=90),
        "golden/02.jpg": encode(noise, "JPEG", exif=exif_orientation(6)),
    }


def provenance() -> Provenance:
    return Provenance(
        created_at="2026-01-01T00:00:00Z",
        sightline_version="0.1.0",
        python_version="3.11",
        packages={"numpy": np.__version__},
        hardware={"cpu": "any", "cores": 2},
        dataset_digest=hashlib.sha256(b"dataset").hexdigest(),
        dataset_counts={"train": 3},
        quarantined=0,
        seed=0,
        backbone="tiny",
        pretrained="false",
        normalisation_mean=(0.0, 0.0, 0.0),
        normalisation_std=(1.0, 1.0, 1.0),
        best_epoch=1,
        training_seconds=1.0,
    )


def make_bundle(
    target: Path,
    *,
    labels: tuple[str, ...] = LABELS,
    graph: bytes | None = None,
    decision: DecisionRule | None = None,
    max_bytes: int | None = None,
    outliers: OutlierRule | None = None,
) -> Path:
    """Write a bundle; what differs from the usual is given by name.

    With `outliers` it has a reference, whose training images are the golden pictures.
    """
    from sightline.records import ImageLimits

    limits = ImageLimits() if max_bytes is None else ImageLimits(max_bytes=max_bytes)
    spec = Preprocessing(width_px=SIDE, height_px=SIDE, limits=limits)
    rule = decision or DecisionRule(calibration=Temperature(value=1.5))
    own_graph = tiny_graph()
    pictures = golden_pictures()
    engine = OnnxEngine(open_session(own_graph, "model.onnx"))
    files = {"model.onnx": graph or own_graph, HEAD_FILE: pack_head(tiny_head()), **pictures}
    scorer = None
    if outliers is not None:
        rule = rule.model_copy(update={"outliers": outliers})
        reference = tiny_reference(engine, spec, rule.task)
        scorer = OutlierScorer(outliers, reference)
        files[REFERENCE_FILE] = pack_reference(reference)
    files[EXPECTED_FILE] = pack_golden(record_golden(pictures, spec, rule, labels, engine, scorer))
    manifest = Manifest(
        name=target.name,
        task=rule.task,
        labels=labels,
        preprocessing=spec,
        decision=rule,
        graph=Graph(opset=18, embedding_size=CHANNELS, feature_map_shape=(CHANNELS, SIDE // 2, SIDE // 2)),
        class_maps=ClassMaps(pooling="mean", deviation=0.0, tolerance=1e-3, images=3),
        default_variant="float32",
        variants={"float32": Variant(file="model.onnx", precision="float32", gate={"label_agreement": 1.0})},
        golden=Golden(count=len(pictures)),
        provenance=provenance(),
        metrics={"test": {"accuracy": 0.5, "images": 3}},
        files=list_files(files),
    )
    write_bundle(target, manifest, files)
    return target


def with_second_variant(source: Path, target: Path, decision: DecisionRule | None = None) -> Path:
    """A copy of a bundle with a variant `second` beside its own: the same graph, with a decision of its own."""
    _, manifest = read_manifest(source)
    own = manifest.variants[manifest.default_variant]
    rule = decision or DecisionRule(calibration=Temperature(value=9.0))
    golden = "variants/second.npz"
    second = own.model_copy(update={"decision": rule, "golden": golden})
    files = {name: (source / name).read_bytes() for name in manifest.files}
    expected = record_decisions(unpack_golden(files[EXPECTED_FILE]), rule, manifest.labels)
    files[golden] = pack_decided(expected)
    changed = {
        "name": target.name,
        "variants": {**manifest.variants, "second": second},
        "files": list_files(files),
    }
    write_bundle(target, manifest.model_copy(update=changed), files)
    return target


def outlier_rule(
    kind: OutlierScore = "mahalanobis", threshold: float = 1.0, **changes: object
) -> OutlierRule:
    """A rule for tiny bundles: with this threshold a Mahalanobis distance rejects noise and takes gradients."""
    usual = {"false_alarm_rate": 0.01, "promised_rate": 0.01, "held_out": 99, "held_out_split": "val"}
    return OutlierRule(kind=kind, threshold=threshold, **{**usual, "neighbours": 1, **changes})


def tiny_reference(engine: Engine, spec: Preprocessing, task: Task = "multiclass") -> Reference:
    """Three gradients as training images, one of each class, and a spread of the same size in all directions."""
    pictures = [encode(gradient(64, height)) for height in (48, 56, 64)]
    pixels = np.stack([preprocess_image(data, spec) for data in pictures])
    (embeddings,) = engine.run(pixels, ["embedding"])
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    several = task == "multilabel"
    return Reference(
        embeddings=embeddings.astype(np.float16),
        targets=np.eye(3, dtype=np.uint8) if several else np.arange(3),
        ids=tuple(f"{label}/{row}.png" for row, label in enumerate(LABELS)),
        sha256=tuple(hashlib.sha256(data).hexdigest() for data in pictures),
        means=(units.mean(axis=0, keepdims=True) if several else units).astype(np.float16),
        directions=np.eye(CHANNELS, dtype=np.float32)[:, :2],
        variances=np.full(2, 0.01, np.float32),
        residual_variance=0.01,
    )


def reseal(source: Path, target: Path, changed: dict[str, bytes]) -> Path:
    """Write a copy of a bundle with some files replaced and the manifest sealed anew, as an attacker or a bug would."""
    _, manifest = read_manifest(source)
    files = {name: (source / name).read_bytes() for name in manifest.files} | changed
    write_bundle(target, manifest.model_copy(update={"files": list_files(files)}), files)
    return target
