"""Network to checked ONNX graph. What needs torch is imported on first use: converters of graphs do without it."""

import importlib
from typing import TYPE_CHECKING, Any

from sightline.extras import require

if TYPE_CHECKING:
    from sightline.optimize.export import OPSET as OPSET
    from sightline.optimize.export import export_onnx as export_onnx
    from sightline.optimize.parity import ExportCheck as ExportCheck
    from sightline.optimize.parity import check_export as check_export

__all__ = ["OPSET", "ExportCheck", "check_export", "export_onnx"]

_NEEDS_TORCH = {"OPSET": "export", "ExportCheck": "parity", "check_export": "parity", "export_onnx": "export"}


def __getattr__(name: str) -> Any:
    """Import what needs torch, or say which extra brings it."""
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module 'sightline.optimize' has no attribute {name!r}")
    for package in ("torch", "onnx"):
        require(package)
    return getattr(importlib.import_module(f"sightline.optimize.{_NEEDS_TORCH[name]}"), name)
