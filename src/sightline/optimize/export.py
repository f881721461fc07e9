"""A network written as one ONNX file that any ONNX runtime can run."""

import copy
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from sightline.errors import ExportMismatch

OPSET = 20
OUTPUTS = ("logits", "embedding", "feature_map")


def export_onnx(network: nn.Module, path: Path, *, example: NDArray[np.uint8]) -> None:
    """Write a network as float32 ONNX, operator set 20, weights inside, batch size open.

    network
        On the CPU and in evaluation mode; gives logits, embedding and feature_map for `images`.
    example
        uint8 RGB `[n, H, W, 3]`; its height and width are those of the graph. Values and n play no part.

    Raises:
        ExportMismatch: the network cannot be expressed as a valid graph.
    """
    trace(network, example).save(path, external_data=False)
    _check(path)


def trace(network: nn.Module, example: NDArray[np.uint8]) -> torch.onnx.ONNXProgram:
    """A network as the exporter sees it: the graph, and the program whose nodes its tensors are named after.

    Raises:
        ExportMismatch: the network cannot be expressed as a graph.
    """
    # Two rows at least: the exporter takes a dimension of one for a constant.
    rows = np.repeat(example[:1], 2, axis=0)
    # A graph has no strides: channels-last ones would be exported as gathers over index tables.
    plain = copy.deepcopy(network).to(memory_format=torch.contiguous_format)
    try:
        with warnings.catch_warnings():
            # The exporter's copying of torch's own tree classes warns about itself.
            warnings.filterwarnings("ignore", category=FutureWarning, module=r"(torch|copyreg)(\..*)?")
            warnings.filterwarnings(
                "ignore", category=DeprecationWarning, module=r"(torch|onnxscript|onnx)(\..*)?"
            )
            program = torch.onnx.export(
                plain,
                (torch.from_numpy(rows),),
                input_names=["images"],
                output_names=list(OUTPUTS),
                dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as err:
        raise ExportMismatch(
            f"This network cannot be written as ONNX: {err}. Choose another model.backbone."
        ) from err
    assert program is not None
    return program


def _check(path: Path) -> None:
    try:
        onnx.checker.check_model(onnx.load(path), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as err:
        raise ExportMismatch(f"The exported graph '{path.name}' is not valid ONNX: {err}") from err
