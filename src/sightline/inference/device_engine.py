"""A graph on a GPU, by ONNX Runtime."""

import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.inference.cuda_driver import lock_pages, unlock_pages
from sightline.inference.signature import Images, Output, Signature, signature_of

DEVICE_SIZES = (1, 4, 8, 16, 32)


class DeviceEngine:
    """One graph on one GPU. `run` may be called from several threads at once: the calls follow each other on its own.

    A session has one batch size, for CUDA's convolutions are planned for a shape: half a second on an H200 whenever a
    batch is of another size than the last. Smaller batches are filled up, larger ones divided. Sessions of the larger
    sizes are opened when they are first needed. It has a thread of its own because ONNX Runtime keeps handles and their
    memory for each thread that calls it. See decision 33.

    session, another
        A session of the graph, and what opens one more.
    runs_alone
        As `OnnxEngine`'s.
    """

    one_at_a_time = True

    def __init__(self, session: Any, another: Callable[[], Any], *, runs_alone: bool = False) -> None:
        self._another = another
        self.runs_alone = runs_alone
        self._sizes = DEVICE_SIZES[:1] if runs_alone else DEVICE_SIZES
        self._sessions = {1: session}
        self._thread = ThreadPoolExecutor(1, "sightline-gpu")
        self._buffer: NDArray[np.uint8] | None = None

    @property
    def signature(self) -> Signature:
        """The graph's tensors by name."""
        return signature_of(self._sessions[1])

    def run(self, images: Images, outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        """Run the graph on N ≥ 1 pictures; return the named outputs, float32, N rows each.

        Raises:
            ValueError: a picture is not uint8, or of another shape than the engine's first.
        """
        most = self._sizes[-1]
        parts = [
            self._thread.submit(self._compute, images[start : start + most], outputs).result()
            for start in range(0, len(images), most)
        ]
        return parts[0] if len(parts) == 1 else [np.concatenate(rows) for rows in zip(*parts, strict=True)]

    def _compute(self, images: Images, outputs: Sequence[Output]) -> list[NDArray[np.float32]]:
        size = next(size for size in self._sizes if size >= len(images))
        if size not in self._sessions:
            self._sessions[size] = self._another()
        batch = self._filled(images)[:size]
        found: list[NDArray[np.float32]] = self._sessions[size].run(list(outputs), {"images": batch})
        assert all(len(result) == size for result in found)
        return [result[: len(images)] for result in found]

    def _filled(self, images: Images) -> NDArray[np.uint8]:
        """Where the GPU fetches from; behind the pictures stays what was there: each is computed for itself."""
        if self._buffer is None:
            self._buffer = np.zeros((self._sizes[-1], *images[0].shape), np.uint8)
            if lock_pages(self._buffer):
                weakref.finalize(self, unlock_pages, self._buffer).atexit = False
        for place, image in zip(self._buffer, images, strict=False):
            if image.shape != place.shape or image.dtype != place.dtype:
                raise ValueError(
                    f"a picture is {image.dtype} {image.shape}, the first was uint8 {place.shape}"
                )
            place[...] = image
        return self._buffer
