"""A bundle of a timm network with random weights and 1,000 classes, and the same network as the peers take it.

    python -m benchmarks.serving.make_bundle BACKBONE PHOTOS LABELS OUT [--int8]

writes OUT/BACKBONE, a bundle, and OUT/BACKBONE.onnx, whose input is float32 NCHW, normalised. LABELS is a text file,
the last 1,000 lines of which are the classes. Speed does not depend on the weights. The bundle does not reduce large
JPEGs while decoding, as the peers do not, and rejects nothing; OUT/BACKBONE-full is the same with an outlier score.
OUT/BACKBONE-own does as Sightline does by default: it reduces, and has the variant `ov-bfloat16` beside float32.

With --int8 only OUT/BACKBONE-int8, the same in eight bits with the variants `int8` (ONNX Runtime) and `ov-int8`, and
OUT/BACKBONE.int8.onnx for the peers, rounded by ONNX Runtime's own tool.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, quantize_static
from torch import Tensor, nn

from benchmarks.rounding import CALIBRATION, rounded
from sightline import __version__
from sightline.bundle import (
    EXPECTED_FILE,
    HEAD_FILE,
    REFERENCE_FILE,
    Golden,
    Graph,
    Manifest,
    Provenance,
    Reference,
    Variant,
    list_files,
    pack_golden,
    pack_head,
    pack_reference,
    sha256,
    write_bundle,
)
from sightline.images import preprocess_image
from sightline.inference import OnnxEngine, OutlierScorer, open_session, record_golden
from sightline.lifecycle.head import take_head
from sightline.lifecycle.provenance import hardware, now, package_versions, python_version
from sightline.optimize.export import OPSET, export_onnx
from sightline.records import DecisionRule, OutlierRule, Preprocessing, Temperature
from sightline.training import Network, Recipe, build_network

SIDE, GOLDEN, REFERENCE = 224, 4, 64
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Plain(nn.Module):
    """The network as every guide exports it: normalised floats in, logits out."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.backbone = network.backbone

    def forward(self, pixels_nchw: Tensor) -> Tensor:
        logits: Tensor = self.backbone(pixels_nchw)
        return logits


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("backbone")
    parser.add_argument("photos", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--int8", action="store_true")
    options = parser.parse_args()
    labels = options.labels.read_text("utf-8").split("\n")
    classes = tuple(
        f"{number} {line.strip()}"
        for number, line in enumerate([one for one in labels if one.strip()][-1000:])
    )
    photos = [path.read_bytes() for path in sorted(options.photos.rglob("*.JP*G"))]
    recipe = Recipe.model_validate(
        {"model": {"backbone": options.backbone}, "training": {"strategy": "scratch"}}
    )
    network = build_network(recipe, len(classes))
    options.out.mkdir(parents=True, exist_ok=True)
    peers = Preprocessing(width_px=SIDE, height_px=SIDE, jpeg_reduction=None)
    own = Preprocessing(width_px=SIDE, height_px=SIDE)
    reference = Variant(file="model.onnx", precision="float32", gate={})
    faster = Variant(file="model.onnx", engine="openvino", precision="bfloat16", golden_logit=0.05, gate={})
    out = options.out / options.backbone
    one, both = {"float32": reference}, {"float32": reference, "ov-bfloat16": faster}
    eight = {
        "int8": reference.model_copy(update={"precision": "int8"}),
        "ov-int8": faster.model_copy(update={"precision": "int8", "golden_logit": 0.25}),
    }
    kinds = (("", peers, one, False), ("-full", peers, one, True), ("-own", own, both, False))
    for ending, spec, variants, rejects in (("-int8", own, eight, False),) if options.int8 else kinds:
        place = out.with_name(f"{out.name}{ending}")
        _write(network, options.backbone, classes, photos, place, spec, variants, rejects=rejects)
    plain = options.out / f"{options.backbone}.onnx"
    torch.onnx.export(
        Plain(network).eval(),
        (torch.zeros(2, 3, SIDE, SIDE),),
        plain,
        input_names=["pixels"],
        output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
        opset_version=OPSET,
        dynamo=True,
        external_data=False,
    )
    if options.int8:
        _round(plain, [preprocess_image(data, peers) for data in photos[:CALIBRATION]])


class _Calibrating(CalibrationDataReader):
    def __init__(self, pictures: list[NDArray[np.uint8]]) -> None:
        shift, scale = np.array(IMAGENET_MEAN, np.float32), np.array(IMAGENET_STD, np.float32)
        self._left = [((one / np.float32(255) - shift) / scale).transpose(2, 0, 1)[None] for one in pictures]

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next picture, normalised, float32 `[1, 3, H, W]`."""
        return {"pixels": self._left.pop()} if self._left else None


def _round(graph: Path, pictures: list[NDArray[np.uint8]]) -> None:
    out = graph.with_suffix(".int8.onnx")
    quantize_static(graph, out, _Calibrating(pictures), per_channel=True)


def _write(
    network: Network,
    backbone: str,
    labels: tuple[str, ...],
    photos: list[bytes],
    out: Path,
    spec: Preprocessing,
    variants: dict[str, Variant],
    *,
    rejects: bool,
) -> None:
    pixels = np.stack([preprocess_image(data, spec) for data in photos[:REFERENCE]])
    written = out.with_name("graph.onnx")
    export_onnx(network, written, example=pixels)
    graph = written.read_bytes()
    written.unlink()
    if "int8" in variants:
        graph = rounded(graph, pixels)
    engine = OnnxEngine(open_session(graph, "model.onnx"))
    (embeddings, feature_map) = engine.run(pixels, ["embedding", "feature_map"])
    reference = _reference(embeddings, labels, photos)
    outliers = OutlierRule(
        kind="mahalanobis",
        threshold=1e9,
        false_alarm_rate=0.01,
        promised_rate=0.01,
        held_out=99,
        held_out_split="val",
        neighbours=1,
    )
    rule = DecisionRule(
        calibration=Temperature(value=1.0),
        accept_thresholds=(0.5,) * len(labels),
        outliers=outliers if rejects else None,
    )
    golden = {f"golden/{number:02}.jpg": photos[number] for number in range(GOLDEN)}
    scorer = OutlierScorer(outliers, reference) if rejects else None
    files = {"model.onnx": graph, REFERENCE_FILE: pack_reference(reference), **golden}
    if head := take_head(network):
        files[HEAD_FILE] = pack_head(head)
    files[EXPECTED_FILE] = pack_golden(record_golden(golden, spec, rule, labels, engine, scorer))
    manifest = Manifest(
        name=out.name,
        labels=labels,
        preprocessing=spec,
        decision=rule,
        graph=Graph(opset=OPSET, embedding_size=embeddings.shape[1], feature_map_shape=feature_map.shape[1:]),
        default_variant=next(iter(variants)),
        variants=variants,
        golden=Golden(count=len(golden)),
        provenance=Provenance(
            created_at=now(),
            sightline_version=__version__,
            python_version=python_version(),
            packages=package_versions(),
            hardware=hardware("cpu"),
            dataset_digest=sha256(b"random weights"),
            dataset_counts={},
            quarantined=0,
            seed=0,
            backbone=backbone,
            pretrained="false",
            normalisation_mean=IMAGENET_MEAN,
            normalisation_std=IMAGENET_STD,
            best_epoch=1,
            training_seconds=0.0,
        ),
        metrics={},
        files=list_files(files),
    )
    write_bundle(out, manifest, files)


def _reference(
    embeddings: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    labels: tuple[str, ...],
    photos: list[bytes],
) -> Reference:
    """A reference of the size that a bundle of so many classes has, so that the outlier score costs what it does."""
    rng = np.random.default_rng(0)
    count, width = len(embeddings), embeddings.shape[1]
    means = rng.normal(size=(len(labels), width)).astype(np.float32)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    directions, _ = np.linalg.qr(rng.normal(size=(width, min(64, width))))
    return Reference(
        embeddings=embeddings.astype(np.float16),
        targets=np.arange(count),
        ids=tuple(f"{number}.jpg" for number in range(count)),
        sha256=tuple(sha256(photos[number]) for number in range(count)),
        means=means.astype(np.float16),
        directions=directions.astype(np.float32),
        variances=np.full(directions.shape[1], 0.01, np.float32),
        residual_variance=0.01,
    )


if __name__ == "__main__":
    main()
