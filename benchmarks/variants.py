"""Variants against PyTorch: what a bundle that `sightline optimize` wrote is worth on this machine, as a table.

    python -m benchmarks.variants OPTIMIZED…

PyTorch is the same backbone from timm in eager mode, float32, evaluation mode; latency does not depend on the weights,
so they are random. It, the reference in ONNX Runtime and every variant are timed in turns in one run, one picture a
call and four, on one thread. Accuracy on test, with its interval, is what the bundle's own record says.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from sightline.bundle import Bundle, read_bundle
from sightline.inference import Engine, open_engine, read_golden
from sightline.inference.measuring import Speed, measure_latency
from sightline.inference.signature import Output, Signature

BATCHES = (1, 4)


class EagerTorch:
    """The backbone as a tutorial would serve it: normalise, run, no graph."""

    def __init__(self, backbone: str, classes: int, size: tuple[int, int]) -> None:
        fixed: dict[str, Any] = {"img_size": size} if "vit" in backbone or "deit" in backbone else {}
        self._network = timm.create_model(backbone, num_classes=classes, **fixed).eval()
        self.signature: Signature = {}

    def run(self, images: NDArray[np.uint8], outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        del outputs
        with torch.inference_mode():
            pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float().sub(127.5).div(127.5)
            return [self._network(pixels).numpy()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundles", type=Path, nargs="+")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(
        "| bundle | variant | test accuracy | × PyTorch, 1 | × ORT fp32, 1 | × PyTorch, 4 | × ORT fp32, 4 | size |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for path in options.bundles:
        _report(read_bundle(path))
    print(f"\n{describe_machine()}")


def _report(bundle: Bundle) -> None:
    manifest = bundle.sealed
    spec = manifest.preprocessing
    record: dict[str, Any] = json.loads(bundle.read("variants.json"))
    rows = {row["name"]: row for row in record["rows"]}
    reference = next(name for name, row in rows.items() if row["role"] == "reference")
    engines: dict[str, Engine] = {
        "PyTorch": EagerTorch(
            manifest.provenance.backbone, len(manifest.labels), (spec.height_px, spec.width_px)
        )
    }
    for name in manifest.variants:
        engines[name] = open_engine(bundle.with_variant(name), threads=1)
    golden = read_golden(bundle)[1].pixels
    by_size = {size: measure_latency(engines, golden[:size], threads=1) for size in BATCHES}
    for name in manifest.variants:
        times = [
            f"{part:.2f}"
            for size in BATCHES
            for part in (by_size[size][name].ratio, _against(by_size[size], name, reference))
        ]
        row, mark = rows[name], "**" if name == manifest.default_variant else ""
        size = row["size_mb"] / rows[reference]["size_mb"]
        print(
            f"| {manifest.name} | {mark}{name}{mark} | {_accuracy(row['test'])} | {' | '.join(times)} | {size:.2f} |",
            flush=True,
        )
    for row in record["rows"]:
        if row["role"] == "refused":
            print(f"<!-- {row['name']} refused: {'; '.join(row['reasons'])} -->", flush=True)


def _against(speeds: dict[str, Speed], name: str, other: str) -> float:
    return speeds[name].ratio / speeds[other].ratio


def _accuracy(test: dict[str, float] | None) -> str:
    return "" if test is None else f"{test['value']:.4f} ({test['low']:.3f} to {test['high']:.3f})"


if __name__ == "__main__":
    main()
