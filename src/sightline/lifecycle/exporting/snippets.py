"""A few lines for each runtime that give the logits of one picture."""

from sightline.optimize.exporting import Target

_OPENVINO = """\
import numpy as np
import openvino

pixels = np.load("golden/pixels.npy")[:1]          # uint8 [1, {height}, {width}, 3], RGB
model = openvino.Core().compile_model("{model}", "CPU", {{"INFERENCE_PRECISION_HINT": "{hint}"}})
request = model.create_infer_request()
request.infer({{"images": pixels}})
logits = request.get_tensor("logits").data         # float32 [1, {classes}]
"""
_LITERT = """\
import numpy as np
from ai_edge_litert.interpreter import Interpreter

pixels = np.load("golden/pixels.npy")[:1]          # uint8 [1, {height}, {width}, 3], RGB
interpreter = Interpreter("{model}", num_threads=1)
run = interpreter.get_signature_runner()
logits = run(images=pixels)["logits"]              # float32 [1, {classes}]
"""
_COREML = """\
import coremltools
import numpy as np
from PIL import Image

pixels = np.load("golden/pixels.npy")[0]           # uint8 [{height}, {width}, 3], RGB
model = coremltools.models.MLModel("{model}")      # macOS only
logits = model.predict({{"images": Image.fromarray(pixels, "RGB")}})["logits"]   # float32 [1, {classes}]
"""
_TENSORRT = """\
import numpy as np
import tensorrt as trt
import torch

pixels = torch.from_numpy(np.load("golden/pixels.npy")[:1]).cuda()   # uint8 [1, {height}, {width}, 3], RGB
engine = trt.Runtime(trt.Logger()).deserialize_cuda_engine(open("{model}", "rb").read())
context = engine.create_execution_context()
context.set_input_shape("images", tuple(pixels.shape))
buffers = {{"images": pixels}}
for name in ("logits", "embedding", "feature_map"):
    buffers[name] = torch.empty(tuple(context.get_tensor_shape(name)), dtype=torch.float32, device="cuda")
for name, buffer in buffers.items():
    context.set_tensor_address(name, buffer.data_ptr())
context.execute_async_v3(torch.cuda.current_stream().cuda_stream)
logits = buffers["logits"].cpu().numpy()           # float32 [1, {classes}]
"""
_SNIPPETS: dict[Target, str] = {
    "openvino": _OPENVINO,
    "litert": _LITERT,
    "coreml": _COREML,
    "tensorrt": _TENSORRT,
}


def snippet(target: Target, *, model: str, size_px: tuple[int, int], classes: int, hint: str) -> str:
    """The lines, in Python, to be run in the folder; `hint` is the precision in OpenVINO's words."""
    height, width = size_px
    return _SNIPPETS[target].format(model=model, height=height, width=width, classes=classes, hint=hint)
