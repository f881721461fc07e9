"""What is tried: graphs, and the runtimes and precisions that they are run in here."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass

import onnxruntime

from sightline.bundle import Bundle, Precision, Runtime
from sightline.inference import Engine, open_graph
from sightline.inference.onnx_engine import TENSORRT

_SHORT = {"onnxruntime": "ort", "openvino": "ov", "tensorrt": "trt"}
_PRECISIONS: dict[Runtime, tuple[Precision, ...]] = {
    "onnxruntime": ("float32",),
    "openvino": ("float32", "bfloat16"),
    "tensorrt": ("float32", "float16"),
}


@dataclass(frozen=True)
class Candidate:
    """A graph in a runtime at a precision.

    file
        The graph's name in the bundle; candidates with the same graph share it.
    how
        How the graph was made, in words.
    """

    name: str
    file: str
    graph: bytes
    runtime: Runtime
    precision: Precision
    how: str

    def open(self, threads: int) -> Engine:
        """An engine whose calls use so many cores."""
        return open_graph(self.graph, self.file, self.runtime, self.precision, threads=threads)


def runtimes_here() -> tuple[Runtime, ...]:
    """Those that are installed, the reference's first."""
    found: list[Runtime] = ["onnxruntime"]
    if importlib.util.find_spec("openvino"):
        found.append("openvino")
    if TENSORRT in onnxruntime.get_available_providers():
        found.append("tensorrt")
    return tuple(found)


def float_candidates(bundle: Bundle) -> Iterator[Candidate]:
    """The bundle's reference as it stands, then the same graph in every other runtime and precision."""
    name = reference_of(bundle)
    variant = bundle.sealed.variants[name]
    graph = bundle.read(variant.file)
    yield Candidate(name, variant.file, graph, variant.engine, variant.precision, "the reference")
    for runtime in runtimes_here():
        for precision in _PRECISIONS[runtime]:
            if (runtime, precision) != (variant.engine, variant.precision):
                how = "the reference's graph"
                yield Candidate(
                    f"{_SHORT[runtime]}-{precision}", variant.file, graph, runtime, precision, how
                )


def quantized_candidates(graph: bytes, tool: str, how: str) -> Iterator[Candidate]:
    """A graph of eight bits in every runtime; `tool` tells two of them apart."""
    for runtime in runtimes_here():
        name = f"{_SHORT[runtime]}-int8-{tool}"
        yield Candidate(name, f"model.int8.{tool}.onnx", graph, runtime, "int8", how)


def reference_of(bundle: Bundle) -> str:
    """The variant that all others are compared with: in float32, run by ONNX Runtime."""
    variants = bundle.sealed.variants
    return next(
        (name for name, one in variants.items() if (one.engine, one.precision) == ("onnxruntime", "float32")),
        bundle.sealed.default_variant,
    )
