"""A graph in OpenVINO, which reads ONNX as it is.

A graph of one picture is compiled for just that, which is up to twice as fast as one of open batch size. Further
batch sizes share one graph that is compiled when the first of them comes, and so does `feature_map`, which is large
and seldom wanted.
"""

import os
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Precision
from sightline.errors import BundleCorrupt
from sightline.extras import require
from sightline.inference.signature import Output, Signature

_HINTS = {"float32": "f32", "int8": "f32", "bfloat16": "bf16", "float16": "f16"}
_DTYPES = {"u8": "uint8", "f32": "float32"}


class OpenVinoEngine:
    """One model on the CPU. `run` may be called from several threads at once: each has a request of its own.

    threads
        Cores that one call may use. As many calls run side by side as there are cores for.
    """

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
        self._compiled: dict[tuple[bool, bool], Any] = {}
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

    def run(self, images: NDArray[np.uint8], outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        """Run the graph on uint8 `[N, H, W, 3]`; return the named outputs, float32, N rows each."""
        request = self._request(len(images) == 1, "feature_map" in outputs)
        request.infer({"images": np.ascontiguousarray(images)})
        results = [request.get_tensor(name).data.copy() for name in outputs]
        assert all(len(result) == len(images) for result in results)
        return results

    def _request(self, single: bool, with_map: bool) -> Any:
        own: dict[tuple[bool, bool], Any] = self._own.__dict__.setdefault("requests", {})
        if (single, with_map) not in own:
            own[single, with_map] = self._compile(single, with_map).create_infer_request()
        return own[single, with_map]

    def _compile(self, single: bool, with_map: bool) -> Any:
        with self._lock:
            if (single, with_map) not in self._compiled:
                model = self._model.clone()
                if not with_map:
                    (unwanted,) = (one for one in model.outputs if "feature_map" in one.names)
                    model.remove_result(unwanted.node)
                if single:
                    _, *rest = model.inputs[0].partial_shape
                    model.reshape([1, *(length.get_length() for length in rest)])
                self._compiled[single, with_map] = self._core.compile_model(model, "CPU", self._settings)
            return self._compiled[single, with_map]


def open_openvino(
    graph: bytes, name: str, precision: Precision, *, threads: int | None = None
) -> OpenVinoEngine:
    """Make an engine from an ONNX graph's bytes and compile it for one picture.

    Raises:
        BundleCorrupt: OpenVINO does not take the graph.
        MissingExtra: OpenVINO is not installed.
    """
    openvino = require("openvino")
    core = openvino.Core()
    try:
        model = core.read_model(model=graph)
        engine = OpenVinoEngine(core, model, precision, threads or os.cpu_count() or 1)
        engine._compile(single=True, with_map=False)
    except RuntimeError as err:
        raise BundleCorrupt(name, f"'{name}' is no graph that OpenVINO takes: {err}") from err
    return engine
