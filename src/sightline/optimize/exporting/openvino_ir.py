"""OpenVINO's intermediate representation, from ONNX."""

from pathlib import Path

from sightline.bundle import Precision
from sightline.errors import ExportMismatch
from sightline.extras import require
from sightline.inference import Engine
from sightline.inference.openvino_engine import open_ir, read_graph
from sightline.optimize.exporting.target import Kind, Source


class OpenVinoIr:
    """`model.xml` and, beside it, its weights in `model.bin`."""

    kind = Kind(
        target="openvino",
        title="OpenVINO IR",
        packages=("openvino",),
        converter="openvino",
        runtime="openvino",
        file="model.xml",
        needs_network=False,
        precisions=("float32", "bfloat16", "float16", "int8"),
        batch=None,
        input="images, uint8 [N, H, W, 3], RGB",
    )

    def convert(self, source: Source, folder: Path) -> None:
        """Write the graph as it is, its weights not rounded to 16 bits.

        `read_model` and not `openvino.convert_model`, which reads ONNX by the same frontend and reports to Google
        Analytics that it did.
        """
        openvino = require("openvino")
        try:
            model = read_graph(source.graph)
            openvino.save_model(model, folder / self.kind.file, compress_to_fp16=False)
        except RuntimeError as err:
            raise ExportMismatch(f"OpenVINO cannot take this graph: {err}") from err

    def open(self, folder: Path, precision: Precision, threads: int) -> Engine | str:
        """The model on this machine's CPU."""
        return open_ir(folder / self.kind.file, precision, threads=threads)
