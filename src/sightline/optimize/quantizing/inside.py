"""What the tensors inside a graph hold for given pictures."""

from collections.abc import Iterator, Sequence

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

_PICTURES_A_RUN = 4


class Inside:
    """A graph whose inner tensors can be read; it runs as written, in float32, whatever its Q/DQ pairs say.

    A runtime that fuses such pairs to int8 arithmetic gives the same but for rounding: sums of int8 products are exact
    in both. Processors without VNNI are the exception, where ONNX Runtime's sums of products can saturate.
    """

    def __init__(self, model: onnx.ModelProto, tensors: Sequence[str]) -> None:
        """Make the float tensors of these names outputs."""
        exposed = onnx.ModelProto()
        exposed.CopyFrom(model)
        given = {output.name for output in model.graph.output}
        exposed.graph.output.extend(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for name in dict.fromkeys(tensors)
            if name not in given
        )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._tensors = list(dict.fromkeys(tensors))
        self._session = onnxruntime.InferenceSession(
            exposed.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def run(self, images_nhwc: NDArray[np.uint8]) -> Iterator[dict[str, NDArray[np.float32]]]:
        """The tensors by name, a few pictures at a time: all of them at once can be gigabytes."""
        for first in range(0, len(images_nhwc), _PICTURES_A_RUN):
            rows = images_nhwc[first : first + _PICTURES_A_RUN]
            yield dict(zip(self._tensors, self._session.run(self._tensors, {"images": rows}), strict=True))
