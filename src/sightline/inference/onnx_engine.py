"""A graph in ONNX Runtime."""

import contextlib
import logging
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from sightline.bundle import Precision
from sightline.cache_home import cache_home
from sightline.errors import BundleCorrupt, MissingExtra
from sightline.inference.signature import Images, Output, Signature, signature_of

log = logging.getLogger("sightline.inference")

TENSORRT = "TensorrtExecutionProvider"
CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_OPTIONS = {CUDA: {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}}
"""TF32 rounds what goes into a product to ten bits: float32 would answer otherwise than where it was evaluated. Trying
every algorithm costs a second more for each batch size and gained 3 % for a mobilenetv3 (decision 33)."""
# It reports its use to its makers where nobody says no.
onnxruntime.disable_telemetry_events()


class OnnxEngine:
    """One session. `run` may be called from several threads at once.

    runs_alone
        Each picture is run alone: the answer is then the same in company. In float32 company changes the seventh digit;
        rounded to 256 levels that may be a whole level.
    one_at_a_time
        The session's first provider is TensorRT; what CUDA computes is a `DeviceEngine`.
    """

    def __init__(self, session: Any, *, runs_alone: bool = False) -> None:
        self._session = session
        self.runs_alone = runs_alone
        self.one_at_a_time = first_provider(session) == TENSORRT

    @property
    def signature(self) -> Signature:
        """The graph's tensors by name."""
        return signature_of(self._session)

    def run(self, images: Images, outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        """Run the graph on N pictures; return the named outputs, float32, N rows each."""
        if self.runs_alone and len(images) > 1:
            rows = [self._session.run(list(outputs), {"images": image[np.newaxis]}) for image in images]
            return [np.concatenate(parts) for parts in zip(*rows, strict=True)]
        batch = images if isinstance(images, np.ndarray) else np.stack(images)
        results: list[NDArray[np.float32]] = self._session.run(list(outputs), {"images": batch})
        assert all(len(result) == len(images) for result in results)
        return results


def first_provider(session: Any) -> str:
    """The provider that has whatever it can compute."""
    name: str = session.get_providers()[0]
    return name


def open_session(graph: bytes, name: str, *, threads: int | None = None) -> Any:
    """Make an ONNX Runtime session from a graph's bytes: CUDA where it is installed, else the CPU.

    Raises:
        BundleCorrupt: ONNX Runtime does not take the graph.
    """
    session = _open(graph, name, threads, _usual())
    if CUDA in _usual() and first_provider(session) != CUDA:
        log.warning(
            "'%s' runs on the CPU: ONNX Runtime is installed with CUDA, and CUDA or a GPU for it is missing. "
            "Install onnxruntime-gpu[cuda,cudnn], or, to be rid of this, onnxruntime in its place.",
            name,
        )
    return session


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
    return _open(graph, name, None, [(TENSORRT, options), *_usual()])


@cache
def _usual() -> tuple[Any, ...]:
    """The providers to try, CUDA's libraries loaded from the packages that `onnxruntime-gpu[cuda,cudnn]` brings."""
    if CUDA not in onnxruntime.get_available_providers():
        return (_CPU,)
    with contextlib.redirect_stdout(sys.stderr):  # what is missing it prints
        onnxruntime.preload_dlls()
    return (CUDA, _CPU)


def _open(graph: bytes, name: str, threads: int | None, providers: Sequence[Any]) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # `enable_mem_pattern` stays as it is, on: without it two threads take each other's warm buffers (decision 31).
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(
            graph, options, providers=[_with_options(one) for one in providers]
        )
    except Exception as err:  # ONNX Runtime's errors share no class but Exception
        raise BundleCorrupt(name, f"'{name}' is no graph that ONNX Runtime takes: {err}") from err


def _with_options(provider: Any) -> Any:
    return (provider, _OPTIONS[provider]) if provider in _OPTIONS else provider
