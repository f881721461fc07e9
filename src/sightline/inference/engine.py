"""A graph, ready to run: ONNX Runtime behind the few words that the rest of the running half needs."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from sightline.bundle import Bundle, Manifest
from sightline.errors import BundleCorrupt

Output = Literal["logits", "embedding", "feature_map"]


class Engine:
    """One session of one variant. `run` may be called from several threads at once."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def run(self, images: NDArray[np.uint8], outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        """Run the graph on uint8 `[N, H, W, 3]`; return the named outputs, float32, N rows each."""
        results: list[NDArray[np.float32]] = self._session.run(list(outputs), {"images": images})
        assert all(len(result) == len(images) for result in results)
        return results


def open_engine(bundle: Bundle, *, threads: int | None = None) -> Engine:
    """Open the bundle's default variant and compare the graph with what the manifest says of it.

    threads
        Cores that one call may use; None: all of them. A server with a worker a core takes 1.

    Raises:
        BundleCorrupt: the graph does not load, or is not the one that the manifest describes.
    """
    variant = bundle.manifest.variants[bundle.manifest.default_variant]
    session = open_session(bundle.read(variant.file), variant.file, threads=threads)
    _check_contract(session, variant.file, bundle.manifest)
    return Engine(session)


def open_session(graph: bytes, name: str, *, threads: int | None = None) -> Any:
    """Make an ONNX Runtime session from a graph's bytes: CUDA where it is installed, else the CPU.

    Raises:
        BundleCorrupt: ONNX Runtime does not take the graph.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [provider for provider in wanted if provider in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(graph, options, providers=providers)
    except Exception as err:  # ONNX Runtime's errors share no class but Exception
        raise BundleCorrupt(name, f"'{name}' is no graph that ONNX Runtime takes: {err}") from err


def _check_contract(session: Any, file: str, manifest: Manifest) -> None:
    spec, classes = manifest.preprocessing, len(manifest.labels)
    expected = {
        "images": ("tensor(uint8)", (spec.height_px, spec.width_px, 3)),
        "logits": ("tensor(float)", (classes,)),
        "embedding": ("tensor(float)", (manifest.graph.embedding_size,)),
        "feature_map": ("tensor(float)", manifest.graph.feature_map_shape),
    }
    actual = {
        tensor.name: (tensor.type, tuple(tensor.shape))
        for tensor in (*session.get_inputs(), *session.get_outputs())
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
        if actual_dtype != dtype or tuple(rest) != shape or isinstance(batch, int):
            raise BundleCorrupt(
                file,
                f"'{name}' of the graph '{file}' is {actual_dtype} {[batch, *rest]} where the manifest says "
                f"{dtype} {['N', *shape]}.",
            )
