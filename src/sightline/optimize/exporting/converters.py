"""Which module speaks for which target."""

from sightline.optimize.exporting.coreml_package import CoreMlPackage
from sightline.optimize.exporting.litert_model import LiteRtModel
from sightline.optimize.exporting.openvino_ir import OpenVinoIr
from sightline.optimize.exporting.target import Converter, Target
from sightline.optimize.exporting.tensorrt_engine import TensorRtEngine


def converter_for(target: Target) -> Converter:
    """The converter of a target; its packages are imported when it is used."""
    found: dict[Target, Converter] = {
        "openvino": OpenVinoIr(),
        "litert": LiteRtModel(),
        "coreml": CoreMlPackage(),
        "tensorrt": TensorRtEngine(),
    }
    return found[target]
