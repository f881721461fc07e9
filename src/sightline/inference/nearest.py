"""The training images that the network finds most like a picture: "it looks like these"."""

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import REFERENCE_FILE, Bundle, Reference, read_reference
from sightline.inference.products import row_products
from sightline.records import Neighbour


def unit_length(embeddings_nd: NDArray[np.floating]) -> NDArray[np.float32]:
    """Bring every row to length 1; float32 `[N, D]`. A row of zeros has no direction and stays as it is."""
    rows = embeddings_nd.astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)


class NearestImages:
    """The images of a reference, ready to be compared with: unit embeddings in float32, once."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self._units_md = unit_length(reference.embeddings)

    def distances(self, embedding_d: NDArray[np.float32]) -> NDArray[np.float32]:
        """Euclidean distances of one embedding, float32 `[D]`, to all images, both at length 1: float32 `[M]`, 0 to 2.

        |u − v|² = 2 − 2 u·v for vectors of length 1: one product of a matrix and a vector.
        """
        unit_d = unit_length(embedding_d[np.newaxis])[0]
        squares = 1 + np.dot(unit_d, unit_d) - 2 * row_products(self._units_md, unit_d)
        distances: NDArray[np.float32] = np.sqrt(np.maximum(squares, 0))
        return distances

    def kth_distance(self, embeddings_nd: NDArray[np.float32], k: int) -> NDArray[np.float64]:
        """The distance to the k-th nearest image, or to the farthest if there are fewer; float64 `[N]`."""
        place = min(k, len(self._units_md)) - 1
        kth = (np.partition(self.distances(embedding), place)[place] for embedding in embeddings_nd)
        return np.fromiter(kth, np.float64, len(embeddings_nd))

    def find(
        self, embedding_d: NDArray[np.float32], count: int, labels: tuple[str, ...]
    ) -> tuple[Neighbour, ...]:
        """The `count` nearest images of one embedding, float32 `[D]`, the nearest first; `labels`: the bundle's."""
        order = np.argsort(self.distances(embedding_d), kind="stable")[:count]
        # Near 0 the difference of two numbers close to 1 says little; of these few it is taken exactly.
        exact = np.linalg.norm(self._units_md[order] - unit_length(embedding_d[np.newaxis]), axis=1)
        closest = np.argsort(exact, kind="stable")
        return tuple(
            Neighbour(
                id=self.reference.ids[row],
                sha256=self.reference.sha256[row],
                labels=self._labels_of(int(row), labels),
                distance=float(distance),
            )
            for row, distance in zip(order[closest], exact[closest], strict=True)
        )

    def _labels_of(self, row: int, labels: tuple[str, ...]) -> tuple[str, ...]:
        target = self.reference.targets[row]
        if self.reference.task == "multiclass":
            return (labels[int(target)],)
        return tuple(labels[index] for index in np.flatnonzero(target))


def open_nearest(bundle: Bundle) -> NearestImages | None:
    """The training images that the bundle keeps; None if it keeps none.

    Raises:
        BundleCorrupt: see `sightline.bundle.read_reference`.
    """
    return NearestImages(read_reference(bundle)) if REFERENCE_FILE in bundle.manifest.files else None
