"""Networks with random weights in every runtime and precision: milliseconds an image, one thread.

    python -m benchmarks.engines PHOTOS [BACKBONE…] [--batch 4] [--size 224]

Nothing is trained and nothing judged: this is what the choice is about, before any of it is known to be as good. Eight
bits are calibrated on the photos by their ends (minmax), nothing left in float; the graph is the same in both runtimes.
All engines take turns in one run.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from benchmarks.rounding import CALIBRATION, rounded
from benchmarks.variants import EagerTorch
from sightline.images import preprocess_image
from sightline.inference import Engine, open_graph
from sightline.inference.measuring import measure_latency
from sightline.optimize import export_onnx
from sightline.records import Preprocessing
from sightline.training import build_network, recipe_for

BACKBONES = (
    "mobilenetv2_100",
    "mobilenetv3_large_100",
    "efficientnet_b0",
    "resnet50",
    "deit_tiny_patch16_224",
)
CLASSES = 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("backbones", nargs="*", default=BACKBONES)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, default=224)
    options = parser.parse_args()
    torch.set_num_threads(1)
    spec = Preprocessing(width_px=options.size, height_px=options.size)
    photos = sorted(options.photos.rglob("*.JP*G"))[: max(CALIBRATION, options.batch)]
    pixels = np.stack([preprocess_image(path.read_bytes(), spec) for path in photos])
    columns = ("PyTorch", "ORT fp32", "ORT int8", "OpenVINO fp32", "OpenVINO bf16", "OpenVINO int8")
    print(f"| ms an image, one thread, batch {options.batch} | {' | '.join(columns)} |")
    print(f"|---|{'---|' * len(columns)}")
    for backbone in options.backbones:
        speeds = measure_latency(_engines(backbone, pixels), pixels[: options.batch], threads=1)
        each = [speeds[name].p50_ms / options.batch for name in columns]
        cells = [f"**{ms:.1f}**" if ms == min(each) else f"{ms:.1f}" for ms in each]
        print(f"| {backbone} | {' | '.join(cells)} |", flush=True)
    print(f"\n{describe_machine()}")


def _engines(backbone: str, pixels: NDArray[np.uint8]) -> dict[str, Engine]:
    side = pixels.shape[1]
    overrides = (f"model.backbone={backbone}", "model.pretrained=false", f"data.input_size={side}")
    network = build_network(recipe_for("", overrides), CLASSES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(network, path, example=pixels)
        graph = path.read_bytes()
    int8 = rounded(graph, pixels)
    return {
        "PyTorch": EagerTorch(backbone, CLASSES, (side, side)),
        "ORT fp32": open_graph(graph, backbone, "onnxruntime", "float32", threads=1),
        "ORT int8": open_graph(int8, backbone, "onnxruntime", "int8", threads=1),
        "OpenVINO fp32": open_graph(graph, backbone, "openvino", "float32", threads=1),
        "OpenVINO bf16": open_graph(graph, backbone, "openvino", "bfloat16", threads=1),
        "OpenVINO int8": open_graph(int8, backbone, "openvino", "int8", threads=1),
    }


if __name__ == "__main__":
    main()
