"""A Core ML package, from the torch network. It can be made anywhere and run on macOS alone."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.bundle import Precision
from sightline.errors import ExportMismatch
from sightline.extras import require
from sightline.inference import Engine
from sightline.inference.signature import Images, Output, Signature
from sightline.optimize.exporting.quietly import quietly
from sightline.optimize.exporting.target import Kind, Source

_OUTPUTS = ("logits", "embedding", "feature_map")


class CoreMlPackage:
    """`model.mlpackage`, a folder: an ML program in float32 that takes an 8-bit RGB image.

    Core ML has no uint8 tensors; of 8 bits it takes images only.
    """

    kind = Kind(
        target="coreml",
        title="Core ML (ML program)",
        packages=("coremltools", "torch"),
        converter="coremltools",
        runtime="coremltools",
        file="model.mlpackage",
        needs_network=True,
        precisions=("float32",),
        batch=1,
        input="images, an RGB image of H × W pixels with 8 bits a channel (a CVPixelBuffer or CGImage)",
    )

    def convert(self, source: Source, folder: Path) -> None:
        """Convert the network by Apple's converter, one picture a call, for iOS 15, macOS 12 and later."""
        with quietly():
            tools = require("coremltools")
            import torch

            from sightline.optimize.exporting.named import FromPlanes

            assert source.network is not None
            shape = (1, 3, *source.size_px)
            try:
                # Apple's converter takes traces longest; exported programs are new to it.
                trace: Any = torch.jit.trace
                traced = trace(FromPlanes(source.network).eval(), torch.zeros(shape))
                model = tools.convert(
                    traced,
                    inputs=[tools.ImageType(name="images", shape=shape, color_layout=tools.colorlayout.RGB)],
                    outputs=[tools.TensorType(name=name) for name in _OUTPUTS],
                    convert_to="mlprogram",
                    compute_precision=tools.precision.FLOAT32,
                    minimum_deployment_target=tools.target.iOS15,
                    skip_model_load=True,
                )
            except Exception as err:  # whatever the converter and torch's own tracer raise
                raise ExportMismatch(f"Core ML's converter cannot take this network: {err}") from err
            model.save(str(folder / self.kind.file))

    def open(self, folder: Path, precision: Precision, threads: int) -> Engine | str:
        """The model on a Mac, on whatever of it Core ML chooses."""
        if sys.platform != "darwin":
            return "Core ML runs on macOS only"
        with quietly():
            return CoreMlEngine(require("coremltools").models.MLModel(str(folder / self.kind.file)))


class CoreMlEngine:
    """One model."""

    runs_alone = True
    one_at_a_time = False

    def __init__(self, model: Any) -> None:
        self._model = model

    @property
    def signature(self) -> Signature:
        """The model's tensors by name; the image as its pixels."""
        described = self._model.get_spec().description
        size = described.input[0].type.imageType
        outputs = {
            one.name: ("float32", tuple(int(length) for length in one.type.multiArrayType.shape))
            for one in described.output
        }
        return {"images": ("uint8", (1, int(size.height), int(size.width), 3)), **outputs}

    def run(self, images: Images, outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        """Run the model on N pictures, each alone; return the named outputs, N rows each."""
        rows = []
        for image in images:
            found = self._model.predict({"images": Image.fromarray(image, "RGB")})
            rows.append([np.asarray(found[name], np.float32) for name in outputs])
        return [np.concatenate(parts) for parts in zip(*rows, strict=True)]
