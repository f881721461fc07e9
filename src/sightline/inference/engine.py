"""A graph, ready to run: what the rest of the running half needs of an engine, and how one is opened."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Bundle, Manifest, Precision, Runtime
from sightline.errors import BundleCorrupt
from sightline.inference.device_engine import DeviceEngine
from sightline.inference.onnx_engine import CUDA, OnnxEngine, first_provider, open_session, open_tensorrt
from sightline.inference.openvino_engine import open_openvino
from sightline.inference.signature import Images, Output, Signature


class Engine(Protocol):
    """One graph in one runtime. `run` may be called from several threads at once."""

    @property
    def signature(self) -> Signature:
        """The graph's tensors by name."""

    @property
    def runs_alone(self) -> bool:
        """Whether each picture goes through the graph alone, also in company: batches then gain nothing."""

    @property
    def one_at_a_time(self) -> bool:
        """Whether one call has the whole device, as on a GPU: a second one at its side gains nothing."""

    def run(self, images: Images, outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        """Run the graph on N pictures; return the named outputs, float32, N rows each."""


def open_engine(bundle: Bundle, *, threads: int | None = None) -> Engine:
    """Open the bundle's default variant and compare the graph with what the manifest says of it.

    threads
        Cores that one call may use; None: all of them. A server with a worker a core takes 1.

    Raises:
        BundleCorrupt: the graph does not load, or is not the one that the manifest describes.
        MissingExtra: the variant's runtime is not installed.
    """
    variant = bundle.manifest.variants[bundle.manifest.default_variant]
    graph = bundle.read(variant.file)
    engine = open_graph(graph, variant.file, variant.engine, variant.precision, threads=threads)
    _check_contract(engine.signature, variant.file, bundle.manifest)
    return engine


def open_graph(
    graph: bytes, name: str, runtime: Runtime, precision: Precision, *, threads: int | None = None
) -> Engine:
    """Open a graph's bytes in a runtime; `name` is for messages. Raises as `open_engine` does.

    precision
        What the runtime calculates in. `int8` is in the graph itself, whose other parts stay float32.
    """
    if runtime == "openvino":
        return open_openvino(graph, name, precision, threads=threads)
    if runtime == "tensorrt":
        return OnnxEngine(open_tensorrt(graph, name, precision), runs_alone=True)
    session = open_session(graph, name, threads=threads)
    alone = precision == "int8"
    if first_provider(session) == CUDA:
        return DeviceEngine(session, partial(open_session, graph, name, threads=threads), runs_alone=alone)
    return OnnxEngine(session, runs_alone=alone)


def _check_contract(actual: Signature, file: str, manifest: Manifest) -> None:
    spec, classes = manifest.preprocessing, len(manifest.labels)
    expected = {
        "images": ("uint8", (spec.height_px, spec.width_px, 3)),
        "logits": ("float32", (classes,)),
        "embedding": ("float32", (manifest.graph.embedding_size,)),
        "feature_map": ("float32", manifest.graph.feature_map_shape),
    }
    for name, (dtype, shape) in expected.items():
        if name not in actual:
            raise BundleCorrupt(file, f"The graph '{file}' has no tensor '{name}'.")
        actual_dtype, (batch, *rest) = actual[name]
        if name == "logits" and len(rest) == 1 and rest[0] != classes:
            raise BundleCorrupt(
                file,
                f"The bundle '{manifest.name}' lists {classes} labels but '{file}' outputs {rest[0]}. "
                "Build it again with `sightline train`.",
            )
        if actual_dtype != dtype or tuple(rest) != shape or batch is not None:
            raise BundleCorrupt(
                file,
                f"'{name}' of the graph '{file}' is {actual_dtype} {['N' if batch is None else batch, *rest]} where "
                f"the manifest says {dtype} {['N', *shape]}.",
            )
