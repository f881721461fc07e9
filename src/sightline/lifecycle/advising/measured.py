"""How long backbones take on this machine, measured once and remembered for each kind of processor."""

import hashlib
import json
import platform
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from sightline.bundle import Runtime
from sightline.cache_home import cache_home
from sightline.extras import require
from sightline.inference.engine import Engine, open_graph
from sightline.inference.measuring import measure_latency
from sightline.lifecycle.advising.backbones import Backbone
from sightline.lifecycle.provenance import hardware, package_versions
from sightline.records import Frozen
from sightline.whole_file import write_whole

Tell = Callable[[str], None]
Make = Callable[[Backbone], bytes]
"""Gives the graph of a backbone with random weights."""


class Measured(Frozen):
    """The median of calls with one picture, in ms, with the faster of the runtimes that are installed.

    disturbed
        This process got less than four fifths of a core: others were at work, and the figure is too high.
    """

    backbone: str
    runtime: str
    latency_ms: float
    disturbed: bool = False


class _Kept(Frozen):
    rows: tuple[Measured, ...] = ()


def measure_backbones(
    backbones: Sequence[Backbone],
    *,
    threads: int,
    tell: Tell = lambda _: None,
    fresh: bool = False,
    make: Make | None = None,
) -> dict[str, Measured]:
    """The latency of each backbone, by its name, at its own input size, weights random and float32.

    What was measured before on the same kind of processor, with as many threads and the same versions of the runtimes,
    is taken from the user's cache, unless `fresh`; what was disturbed is not kept. Ten classes are assumed: their
    number hardly matters.

    Raises:
        MissingExtra: something has to be measured, and torch, timm or onnx is not installed.
    """
    file = cache_file(threads)
    kept = {} if fresh else _read(file)
    for one in backbones:
        if one.backbone not in kept:
            tell(f"Measuring {one.backbone} at {one.size_px} px")
            kept[one.backbone] = _measure(one, threads, (make or random_graph)(one))
            _write(file, {name: row for name, row in kept.items() if not row.disturbed})
    return {one.backbone: kept[one.backbone] for one in backbones}


def cache_file(threads: int) -> Path:
    """Where latencies on this kind of processor are remembered."""
    what = [
        str(hardware("cpu")),
        platform.machine(),
        str(threads),
        *(f"{name} {version}" for name, version in package_versions(_PACKAGES).items()),
    ]
    return cache_home() / "latency" / f"{hashlib.sha256(chr(10).join(what).encode()).hexdigest()[:24]}.json"


def random_graph(backbone: Backbone) -> bytes:
    """ONNX of a backbone with random weights, made by the same export as a trained one.

    Raises:
        MissingExtra: torch, timm or onnx is not installed.
    """
    for package in ("torch", "timm", "onnx"):
        require(package)
    from sightline.optimize import export_onnx
    from sightline.training import build_network, recipe_for

    overrides = (
        f"model.backbone={backbone.backbone}",
        "model.pretrained=false",
        f"data.input_size={backbone.size_px}",
    )
    network = build_network(recipe_for("", overrides), _CLASSES)
    with tempfile.TemporaryDirectory(prefix="sightline-") as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(network, path, example=_image(backbone))
        return path.read_bytes()


_CLASSES = 10
_UNDISTURBED = 0.8
_PACKAGES = ("onnxruntime", "openvino", "timm")


def _measure(one: Backbone, threads: int, graph: bytes) -> Measured:
    runtimes: list[Runtime] = ["onnxruntime"]
    if find_spec("openvino") is not None:
        runtimes.append("openvino")
    engines: dict[str, Engine] = {
        name: open_graph(graph, "model.onnx", name, "float32", threads=threads) for name in runtimes
    }
    wall, own = time.perf_counter(), time.process_time()
    speeds = measure_latency(engines, _image(one), threads=threads)
    wall, own = time.perf_counter() - wall, time.process_time() - own
    fastest = min(speeds, key=lambda name: speeds[name].p50_ms)
    return Measured(
        backbone=one.backbone,
        runtime=fastest,
        latency_ms=round(speeds[fastest].p50_ms, 2),
        disturbed=own < _UNDISTURBED * wall,
    )


def _image(one: Backbone) -> NDArray[np.uint8]:
    return np.zeros((1, one.size_px, one.size_px, 3), np.uint8)


def _read(file: Path) -> dict[str, Measured]:
    try:
        return {row.backbone: row for row in _Kept.model_validate_json(file.read_bytes()).rows}
    except (OSError, ValidationError):
        return {}  # a cache that cannot be read is measured again


def _write(file: Path, rows: Mapping[str, Measured]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps({"rows": [row.model_dump() for row in rows.values()]}).encode())
