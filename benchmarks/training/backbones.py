"""Families of backbones, each trained for an epoch from random weights, exported and compared with its graph.

    python -m benchmarks.training.backbones DIGITS --out backbones.jsonl

It shows that a family goes the whole way here and what it costs on this machine, not how good it is: for that, weights
are needed. Training is timed in the recipe's own precision, the graph in float32 on one thread, a picture at a time.
"""

import argparse
import json
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.training.quality import EXAMPLES
from benchmarks.training.runs import append, prepared, share_of
from sightline.dataset import Dataset, pixel_batches
from sightline.inference import OnnxEngine, open_session
from sightline.optimize import check_export, export_onnx
from sightline.training import Recipe, Trained, read_recipe, train

RECIPE = EXAMPLES / "sign-digits.yaml"
# Name and input side: where timm's weights want a size of their own, that one.
BACKBONES = {
    "mobilenetv2_100": 224,
    "mobilenetv3_large_100": 224,
    "mobilenetv4_conv_small": 224,
    "efficientnet_b0": 224,
    "efficientnetv2_rw_t": 224,
    "efficientnet_b4": 380,
    "resnet18": 224,
    "resnet50": 224,
    "convnext_tiny": 224,
    "vit_small_patch16_224": 224,
    "deit_tiny_patch16_224": 224,
    "swin_tiny_patch4_window7_224": 224,
    "coatnet_nano_rw_224": 224,
    "mobilevit_s": 224,
}
SHARE = 0.03
_ROUNDS = 15


def measure(backbone: str, side_px: int, digits: Path) -> dict[str, Any]:
    """Train, export, compare and time one backbone."""
    data = prepared(RECIPE, digits, 0)
    overrides = (
        f"data.train_dir={digits}",
        f"model.backbone={backbone}",
        f"data.input_size={side_px}",
        "data.batch_size=16",
        "model.pretrained=false",
        "training.strategy=scratch",
        "training.epochs=1",
    )
    recipe = read_recipe(RECIPE, overrides)
    few = share_of(data.train, SHARE, 0)
    trained = train(recipe, few, share_of(data.val, SHARE, 0))
    return {
        "backbone": backbone,
        "side_px": side_px,
        "million_parameters": round(sum(one.numel() for one in trained.network.parameters()) / 1e6, 1),
        "training_ms": round(1e3 / trained.history[-1].images_per_s, 1),
        **exported(recipe, trained, few),
    }


def exported(recipe: Recipe, trained: Trained, data: Dataset) -> dict[str, Any]:
    """How far the graph is from the network, how large it is, and how fast."""
    batches = partial(pixel_batches, data, recipe.preprocessing())
    example = next(batches(1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(trained.network, path, example=example)
        check = check_export(trained.network, path, batches(16), activation="softmax")
        engine = OnnxEngine(open_session(path.read_bytes(), "model.onnx", threads=1))
        size = path.stat().st_size
    (feature_map,) = engine.run(example, ["feature_map"])
    seconds = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        engine.run(example, ["logits"])
        seconds.append(time.perf_counter() - started)
    return {
        "graph_mb": round(size / 1e6, 1),
        "feature_map": list(feature_map.shape[1:]),
        "graph_ms": round(float(np.median(seconds)) * 1e3, 1),
        "label_agreement": check.label_agreement,
        "max_probability_difference": check.max_probability_difference,
    }


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| backbone | px | M parameters | training ms | graph ms | graph MB | feature map | same label "
        "| largest \\|Δp\\| |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        shape = " × ".join(map(str, row["feature_map"]))
        lines.append(
            f"| {row['backbone']} | {row['side_px']} | {row['million_parameters']} | {row['training_ms']} | "
            f"{row['graph_ms']} | {row['graph_mb']} | {shape} | {row['label_agreement']:.0%} | "
            f"{row['max_probability_difference']:.0e} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("digits", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out.exists() else []
    done = {row["backbone"] for row in rows}
    for backbone, side_px in BACKBONES.items():
        if backbone in done:
            continue
        row = measure(backbone, side_px, given.digits)
        append(given.out, row)
        rows.append(row)
        print(json.dumps(row), flush=True)
    print(table(rows), "", describe_machine(), sep="\n")


if __name__ == "__main__":
    main()
