"""Network to checked ONNX graph."""
