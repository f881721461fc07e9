"""A graph in ONNX Runtime."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from sightline.errors import BundleCorrupt
from sightline.inference.signature import Output, Signature

_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}


class OnnxEngine:
    """One session. `run` may be called from several threads at once."""

    def __init__(self, session: Any) -> None:
        self._session = session

    @property
    def signature(self) -> Signature:
        """The graph's tensors by name."""
        return {
            tensor.name: (
                _DTYPES.get(tensor.type, tensor.type),
                tuple(length if isinstance(length, int) else None for length in tensor.shape),
            )
            for tensor in (*self._session.get_inputs(), *self._session.get_outputs())
        }

    def run(self, images: NDArray[np.uint8], outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        """Run the graph on uint8 `[N, H, W, 3]`; return the named outputs, float32, N rows each."""
        results: list[NDArray[np.float32]] = self._session.run(list(outputs), {"images": images})
        assert all(len(result) == len(images) for result in results)
        return results


def open_session(graph: bytes, name: str, *, threads: int | None = None) -> Any:
    """Make an ONNX Runtime session from a graph's bytes: CUDA where it is installed, else the CPU.

    Raises:
        BundleCorrupt: ONNX Runtime does not take the graph.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [provider for provider in wanted if provider in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(graph, options, providers=providers)
    except Exception as err:  # ONNX Runtime's errors share no class but Exception
        raise BundleCorrupt(name, f"'{name}' is no graph that ONNX Runtime takes: {err}") from err
