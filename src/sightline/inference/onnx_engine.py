"""A graph in ONNX Runtime."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from sightline.bundle import Precision
from sightline.cache_home import cache_home
from sightline.errors import BundleCorrupt, MissingExtra
from sightline.inference.signature import Output, Signature

TENSORRT = "TensorrtExecutionProvider"
CUDA = "CUDAExecutionProvider"
_USUAL = (CUDA, "CPUExecutionProvider")
# It reports its use to its makers where nobody says no.
onnxruntime.disable_telemetry_events()

_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}


class OnnxEngine:
    """One session. `run` may be called from several threads at once.

    runs_alone
        Each picture is run alone: the answer is then the same in company. In float32 company changes the seventh digit;
        rounded to 256 levels that may be a whole level.
    one_at_a_time
        The session's first provider is a GPU.
    """

    def __init__(self, session: Any, *, runs_alone: bool = False) -> None:
        self._session = session
        self.runs_alone = runs_alone
        self.one_at_a_time = session.get_providers()[0] in (TENSORRT, CUDA)

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
        if self.runs_alone and len(images) > 1:
            rows = [self._session.run(list(outputs), {"images": image[np.newaxis]}) for image in images]
            return [np.concatenate(parts) for parts in zip(*rows, strict=True)]
        results: list[NDArray[np.float32]] = self._session.run(list(outputs), {"images": images})
        assert all(len(result) == len(images) for result in results)
        return results


def open_session(graph: bytes, name: str, *, threads: int | None = None) -> Any:
    """Make an ONNX Runtime session from a graph's bytes: CUDA where it is installed, else the CPU.

    Raises:
        BundleCorrupt: ONNX Runtime does not take the graph.
    """
    available = onnxruntime.get_available_providers()
    return _open(graph, name, threads, [one for one in _USUAL if one in available])


def open_tensorrt(graph: bytes, name: str, precision: Precision) -> Any:
    """Make a session whose graph TensorRT compiles, on an NVIDIA GPU; engines are kept in the user's cache folder.

    Raises:
        MissingExtra: ONNX Runtime is here without TensorRT.
        BundleCorrupt: ONNX Runtime does not take the graph.
    """
    if TENSORRT not in onnxruntime.get_available_providers():
        raise MissingExtra(
            "ONNX Runtime is installed here without TensorRT. Install onnxruntime-gpu and TensorRT on a "
            "machine with an NVIDIA GPU, or name another variant."
        )
    options = {
        "trt_fp16_enable": precision == "float16",
        "trt_int8_enable": precision == "int8",
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(cache_home() / "tensorrt"),
    }
    return _open(graph, name, None, [(TENSORRT, options), *_USUAL])


def _open(graph: bytes, name: str, threads: int | None, providers: Sequence[Any]) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # `enable_mem_pattern` stays as it is, on: without it two threads take each other's warm buffers (decision 31).
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(graph, options, providers=list(providers))
    except Exception as err:  # ONNX Runtime's errors share no class but Exception
        raise BundleCorrupt(name, f"'{name}' is no graph that ONNX Runtime takes: {err}") from err
