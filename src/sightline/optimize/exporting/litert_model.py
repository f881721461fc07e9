"""A model for LiteRT, formerly TensorFlow Lite, from the torch network."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Precision
from sightline.errors import ExportMismatch
from sightline.extras import require
from sightline.inference import Engine
from sightline.inference.signature import Images, Output, Signature
from sightline.optimize.exporting.quietly import quietly
from sightline.optimize.exporting.target import Kind, Source


class LiteRtModel:
    """`model.tflite`."""

    kind = Kind(
        target="litert",
        title="LiteRT (TensorFlow Lite)",
        packages=("litert_torch", "ai_edge_litert"),
        converter="litert-torch",
        runtime="ai-edge-litert",
        file="model.tflite",
        needs_network=True,
        precisions=("float32",),
        batch=1,
        input="images, uint8 [1, H, W, 3], RGB",
    )

    def convert(self, source: Source, folder: Path) -> None:
        """Convert the network by Google's converter, one picture a call."""
        with quietly():
            converter = require("litert_torch")
            import torch

            from sightline.optimize.exporting.named import NamedOutputs

            assert source.network is not None
            images = torch.zeros((1, *source.size_px, 3), dtype=torch.uint8)
            try:
                model = converter.convert(
                    NamedOutputs(source.network).eval(), sample_kwargs={"images": images}
                )
            except Exception as err:  # whatever the converter and torch's own exporter raise
                raise ExportMismatch(f"LiteRT's converter cannot take this network: {err}") from err
            model.export(str(folder / self.kind.file))

    def open(self, folder: Path, precision: Precision, threads: int) -> Engine | str:
        """The model on this machine's CPU."""
        return LiteRtEngine(folder / self.kind.file, threads)


class LiteRtEngine:
    """One model. `run` may be called from several threads at once: each has an interpreter of its own."""

    runs_alone = True
    one_at_a_time = False

    def __init__(self, path: Path, threads: int) -> None:
        self._path = path
        self._threads = threads
        self._own = threading.local()

    @property
    def signature(self) -> Signature:
        """The model's tensors by name."""
        runner = self._runner()
        details = {**runner.get_input_details(), **runner.get_output_details()}
        return {
            name: (np.dtype(one["dtype"]).name, tuple(int(length) for length in one["shape"]))
            for name, one in details.items()
        }

    def run(self, images: Images, outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        """Run the model on N pictures, each alone; return the named outputs, N rows each."""
        runner = self._runner()
        rows = []
        for image in images:
            found = runner(images=np.ascontiguousarray(image[np.newaxis]))
            rows.append([found[name] for name in outputs])
        return [np.concatenate(parts) for parts in zip(*rows, strict=True)]

    def _runner(self) -> Any:
        own: Any = self._own.__dict__.get("runner")
        if own is None:
            interpreter = require("ai_edge_litert.interpreter").Interpreter(
                str(self._path), num_threads=self._threads
            )
            # The runner does not keep the interpreter alive that it belongs to.
            self._own.interpreter = interpreter
            own = self._own.runner = interpreter.get_signature_runner()
        return own
