"""The quantiser of NNCF, which places its pairs as OpenVINO likes them and corrects biases."""

import contextlib
import importlib
import io
import logging
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from sightline.extras import require

PRESETS = ("performance", "mixed")
"""All activations symmetric about zero; or with a zero point where they have no sign to lose."""


def quantize_with_nncf(
    model: onnx.ModelProto, calibration: NDArray[np.uint8], preset: str, without: Sequence[str]
) -> bytes:
    """Quantise a prepared graph, with fast bias correction; attention is treated as such.

    calibration
        uint8 RGB `[N, H, W, 3]`.
    preset
        `performance` or `mixed`.
    without
        Names of nodes to leave in float.

    Raises:
        MissingExtra: NNCF is not installed.
    """
    nncf = load_nncf()
    operators = {node.op_type for node in model.graph.node}
    transformer = {"LayerNormalization", "Softmax"} <= operators
    # Its progress bars go to standard output, where a command's own answer belongs.
    with contextlib.redirect_stdout(io.StringIO()):
        quantised: Any = nncf.quantize(
            model,
            nncf.Dataset([{"images": one[None]} for one in calibration]),
            preset=nncf.QuantizationPreset(preset),
            subset_size=len(calibration),
            fast_bias_correction=True,
            model_type=nncf.ModelType.TRANSFORMER if transformer else None,
            ignored_scope=nncf.IgnoredScope(names=list(without)) if without else None,
        )
    result: bytes = quantised.SerializeToString()
    return result


def load_nncf() -> ModuleType:
    """Import NNCF so that it reports to nobody.

    NNCF reports each use to Google Analytics through the package `openvino_telemetry`, without asking. Where that
    package cannot be imported NNCF stays silent, so it is hidden while NNCF is imported; if NNCF was there before us,
    its reporter is replaced.
    """
    name = "openvino_telemetry"
    there, before = name in sys.modules, sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]
    # It imports torch's builder of extensions, which warns of a GPU that is not there.
    builder = logging.getLogger("torch.utils.cpp_extension")
    level = builder.level
    builder.setLevel(logging.ERROR)
    try:
        nncf = require("nncf")
    finally:
        builder.setLevel(level)
        del sys.modules[name]
        if there:
            sys.modules[name] = before  # type: ignore[assignment]
    wrapper, decorator = (
        importlib.import_module(f"nncf.telemetry.{part}") for part in ("wrapper", "decorator")
    )
    decorator.telemetry = wrapper.NNCFTelemetryStub()  # type: ignore[attr-defined]
    nncf.set_log_level(logging.ERROR)
    return nncf
