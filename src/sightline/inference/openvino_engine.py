"""A graph in OpenVINO, which reads ONNX as it is.

Every picture goes through a graph compiled for one, alone and in company: that is faster than a graph of open batch
size, and the answer is the same to the last bit. With eight bits two compilations of one graph may differ visibly, for
a difference in the seventh digit before rounding to 256 levels may be one of a whole level after it.
"""

import os
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Precision
from sightline.errors import BundleCorrupt, InputError
from sightline.extras import require
from sightline.inference.signature import Images, Output, Signature

_HINTS = {"float32": "f32", "int8": "f32", "bfloat16": "bf16", "float16": "f16"}
_DTYPES = {"u8": "uint8", "f32": "float32"}


class OpenVinoEngine:
    """One model on the CPU. `run` may be called from several threads at once: each has a request of its own.

    threads
        Cores that one call may use. As many calls run side by side as there are cores for.
    """

    runs_alone = True
    one_at_a_time = False

    def __init__(self, core: Any, model: Any, precision: Precision, threads: int) -> None:
        self._core = core
        self._model = model
        self._settings = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "INFERENCE_NUM_THREADS": max(threads, os.cpu_count() or 1),
            "NUM_STREAMS": max(1, (os.cpu_count() or 1) // threads),
            "ENABLE_CPU_PINNING": False,
        }
        self._lock = threading.Lock()
        self._compiled: dict[bool, Any] = {}
        self._own = threading.local()

    @property
    def signature(self) -> Signature:
        """The graph's tensors by name."""
        return {
            port.get_any_name(): (
                _DTYPES.get(port.element_type.to_string(), port.element_type.to_string()),
                tuple(None if length.is_dynamic else length.get_length() for length in port.partial_shape),
            )
            for port in (*self._model.inputs, *self._model.outputs)
        }

    def run(self, images: Images, outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        """Run the graph on N ≥ 1 pictures; return the named outputs, float32, N rows each."""
        request = self._request("feature_map" in outputs)
        rows = []
        for image in images:
            request.infer({"images": np.ascontiguousarray(image[np.newaxis])})
            rows.append([request.get_tensor(name).data.copy() for name in outputs])
        return [np.concatenate(parts) for parts in zip(*rows, strict=True)]

    def compile(self, *, with_map: bool = False) -> Any:
        """The model made ready, once; the feature map, which is large, is given only if it is asked for."""
        with self._lock:
            if with_map not in self._compiled:
                model = self._model.clone()
                if not with_map:
                    (unwanted,) = (one for one in model.outputs if "feature_map" in one.names)
                    model.remove_result(unwanted.node)
                _, *rest = model.inputs[0].partial_shape
                model.reshape([1, *(length.get_length() for length in rest)])
                self._compiled[with_map] = self._core.compile_model(model, "CPU", self._settings)
            return self._compiled[with_map]

    def _request(self, with_map: bool) -> Any:
        own: dict[bool, Any] = self._own.__dict__.setdefault("requests", {})
        if with_map not in own:
            own[with_map] = self.compile(with_map=with_map).create_infer_request()
        return own[with_map]


@lru_cache(maxsize=1)
def _core() -> Any:
    """One for the process, and kept: each that ends leaves the main thread a stack for signals that is freed.

    (OpenVINO 2026.4: after two of them the next Ctrl-C was a segmentation fault.)
    """
    return require("openvino").Core()


def open_openvino(
    graph: bytes, name: str, precision: Precision, *, threads: int | None = None
) -> OpenVinoEngine:
    """Make an engine from an ONNX graph's bytes, and compile it.

    Raises:
        BundleCorrupt: OpenVINO does not take the graph.
        MissingExtra: OpenVINO is not installed.
    """
    try:
        return _open(read_graph(graph), precision, threads)
    except RuntimeError as err:
        raise BundleCorrupt(name, f"'{name}' is no graph that OpenVINO takes: {err}") from err


def open_ir(path: Path, precision: Precision, *, threads: int | None = None) -> OpenVinoEngine:
    """Make an engine from a model in OpenVINO's own format, `NAME.xml` with `NAME.bin` beside it, and compile it.

    Raises:
        InputError: OpenVINO does not take it.
        MissingExtra: OpenVINO is not installed.
    """
    try:
        return _open(_core().read_model(path), precision, threads)
    except RuntimeError as err:
        raise InputError(f"'{path}' is no model that OpenVINO takes: {err}") from err


def read_graph(graph: bytes) -> Any:
    """An ONNX graph's bytes as a model of OpenVINO, whose own words RuntimeError has where it takes none."""
    return _core().read_model(model=graph)


def _open(model: Any, precision: Precision, threads: int | None) -> OpenVinoEngine:
    engine = OpenVinoEngine(_core(), model, precision, threads or os.cpu_count() or 1)
    engine.compile()
    return engine
