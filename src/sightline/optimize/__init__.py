"""Network to checked ONNX graph."""

from sightline.optimize.export import OPSET, export_onnx
from sightline.optimize.parity import ExportCheck, check_export

__all__ = ["OPSET", "ExportCheck", "check_export", "export_onnx"]
