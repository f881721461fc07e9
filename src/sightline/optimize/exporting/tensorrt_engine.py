"""A TensorRT engine, from ONNX. It is made on the GPU that it is for, and runs on that kind of GPU alone.

Written from the documentation of TensorRT 11 and not yet run.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Precision
from sightline.errors import ExportMismatch, InputError
from sightline.extras import require
from sightline.inference import Engine
from sightline.inference.signature import Images, Output, Signature
from sightline.optimize.exporting.target import Kind, Source

_MOST_PICTURES = 32


class TensorRtEngine:
    """`model.engine`, for up to 32 pictures a call.

    Networks are strongly typed, so that what is calculated in stands in the graph: float32, or eight bits where it has
    them. TF32, which rounds what is multiplied to ten bits, is switched off.
    """

    kind = Kind(
        target="tensorrt",
        title="TensorRT engine",
        packages=("tensorrt", "torch", "onnx"),
        converter="tensorrt",
        runtime="tensorrt",
        file="model.engine",
        needs_network=False,
        precisions=("float32", "int8"),
        batch=None,
        input=f"images, uint8 [N, H, W, 3], RGB, N up to {_MOST_PICTURES}",
    )

    def convert(self, source: Source, folder: Path) -> None:
        """Build an engine for this machine's GPU."""
        trt = require("tensorrt")
        without = _no_gpu()
        if without:
            raise InputError(f"A TensorRT engine is built on the GPU that it is for, and {without}.")
        from sightline.optimize.exporting.cast_first import cast_first

        logger = trt.Logger(trt.Logger.ERROR)
        builder = trt.Builder(logger)
        # Ignored by TensorRT 11, whose networks are always strongly typed; version 10 wants it.
        typed = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
        network = builder.create_network(typed)
        parser = trt.OnnxParser(network, logger)
        if not parser.parse(cast_first(source.graph)):
            said = "; ".join(str(parser.get_error(place)) for place in range(parser.num_errors))
            raise ExportMismatch(f"TensorRT cannot take this graph: {said}")
        config = builder.create_builder_config()
        config.clear_flag(trt.BuilderFlag.TF32)
        profile = builder.create_optimization_profile()
        one = (1, *source.size_px, 3)
        profile.set_shape("images", one, one, (_MOST_PICTURES, *source.size_px, 3))
        config.add_optimization_profile(profile)
        engine = builder.build_serialized_network(network, config)
        if engine is None:
            raise ExportMismatch(
                "TensorRT took the graph and built no engine of it; its own log above says why."
            )
        (folder / self.kind.file).write_bytes(bytes(engine))

    def open(self, folder: Path, precision: Precision, threads: int) -> Engine | str:
        """The engine on this machine's GPU."""
        return _no_gpu() or TensorRtRunner(folder / self.kind.file)


def _no_gpu() -> str:
    """Why nothing can be built or run here, as a clause; "" where it can."""
    torch = require("torch")
    return "" if torch.cuda.is_available() else "this machine has no NVIDIA GPU that CUDA can use"


class TensorRtRunner:
    """One engine, its buffers torch's. `run` may be called from several threads at once: each has its own context."""

    runs_alone = False
    one_at_a_time = True

    def __init__(self, path: Path) -> None:
        trt = require("tensorrt")
        self._trt = trt
        self._runtime = trt.Runtime(trt.Logger(trt.Logger.ERROR))
        self._engine = self._runtime.deserialize_cuda_engine(path.read_bytes())
        if self._engine is None:
            raise InputError(
                f"'{path}' is no engine that TensorRT {trt.__version__} takes on this GPU. Build it anew here."
            )
        self._own = threading.local()

    @property
    def signature(self) -> Signature:
        """The engine's tensors by name."""
        engine = self._engine
        names = [engine.get_tensor_name(place) for place in range(engine.num_io_tensors)]
        return {
            name: (
                np.dtype(self._trt.nptype(engine.get_tensor_dtype(name))).name,
                tuple(None if length < 0 else length for length in engine.get_tensor_shape(name)),
            )
            for name in names
        }

    def run(self, images: Images, outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        """Run the engine on N pictures; return the named outputs, float32, N rows each."""
        parts = [
            self._call(images[start : start + _MOST_PICTURES], outputs)
            for start in range(0, len(images), _MOST_PICTURES)
        ]
        return [np.concatenate(rows) for rows in zip(*parts, strict=True)]

    def _call(self, images: Images, outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        import torch

        context, batch = self._context(), np.ascontiguousarray(images)
        tensors: dict[str, Any] = {"images": torch.from_numpy(batch).cuda()}
        context.set_input_shape("images", batch.shape)
        for name in self.signature:
            if name != "images":
                shape = tuple(context.get_tensor_shape(name))
                tensors[name] = torch.empty(shape, dtype=torch.float32, device="cuda")
            context.set_tensor_address(name, tensors[name].data_ptr())
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        if not context.execute_async_v3(stream.cuda_stream):
            raise RuntimeError("TensorRT could not run its engine")
        stream.synchronize()
        return [tensors[name].cpu().numpy() for name in outputs]

    def _context(self) -> Any:
        own: Any = self._own.__dict__.get("context")
        if own is None:
            own = self._own.context = self._engine.create_execution_context()
        return own
