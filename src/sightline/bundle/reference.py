"""What the training images look like to the network: what a picture's strangeness is measured against."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sightline.bundle.arrays import Expected, pack_arrays, unpack_arrays
from sightline.bundle.manifest import REFERENCE_FILE
from sightline.bundle.read import Bundle
from sightline.errors import BundleCorrupt
from sightline.records import Targets, Task

MOST_IMAGES: Final = 4_000
"""More neighbours hardly change a distance; this many at 1,280 numbers each are 10 MB and a millisecond."""

_SHA256_BYTES = 32


@dataclass(frozen=True, eq=False)
class Reference:
    """M training images of C labels, by their embeddings of D numbers, and the spread of these.

    embeddings
        float16 `[M, D]`, as the graph gave them.
    targets
        int64 `[M]`, or uint8 `[M, C]` for multilabel, as in `Scores`.
    ids, sha256
        M paths relative to the data set's root, and the hashes of these files as 64 hexadecimal digits.
    means
        float16 `[K, D]`: the mean embedding of each class (K = C), for multilabel of all images (K = 1); embeddings
        are brought to length 1 before.
    directions, variances, residual_variance
        float32 `[D, r]`, float32 `[r]` and a number: the covariance about these means, which all classes share, is
        V diag(variances) Vᵀ + residual_variance (1 − V Vᵀ) with V the directions.
    """

    embeddings: NDArray[np.float16]
    targets: Targets
    ids: tuple[str, ...]
    sha256: tuple[str, ...]
    means: NDArray[np.float16]
    directions: NDArray[np.float32]
    variances: NDArray[np.float32]
    residual_variance: float

    @property
    def task(self) -> Task:
        """Multiclass for class indices, multilabel for columns."""
        return "multiclass" if self.targets.ndim == 1 else "multilabel"

    def __len__(self) -> int:
        return len(self.embeddings)


def pack_reference(reference: Reference) -> bytes:
    """Return the bytes of `reference.npz`."""
    digests = np.frombuffer(bytes.fromhex("".join(reference.sha256)), np.uint8)
    return pack_arrays(
        {
            "embeddings": reference.embeddings,
            "targets": reference.targets,
            "ids": np.array(reference.ids),
            "sha256": digests.reshape(-1, _SHA256_BYTES),
            "means": reference.means,
            "directions": reference.directions,
            "variances": reference.variances,
            "residual_variance": np.array([reference.residual_variance], np.float64),
        }
    )


def read_reference(bundle: Bundle) -> Reference:
    """Read the bundle's `reference.npz`; every shape is checked against the manifest before anything is unpacked.

    Raises:
        BundleCorrupt: there is none, or it is not what the manifest needs.
    """
    manifest = bundle.manifest
    return unpack_reference(
        bundle.read(REFERENCE_FILE),
        embedding_size=manifest.graph.embedding_size,
        label_count=len(manifest.labels),
        task=manifest.task,
    )


def unpack_reference(data: bytes, *, embedding_size: int, label_count: int, task: Task) -> Reference:
    """Read `reference.npz` for a graph with embeddings of this size and a bundle with so many labels.

    Raises:
        BundleCorrupt: see `read_reference`.
    """
    several = task == "multilabel"
    arrays = unpack_arrays(
        data,
        {
            "embeddings": Expected(
                "<f2", (None, embedding_size), most_bytes=MOST_IMAGES * embedding_size * 2
            ),
            "targets": Expected("|u1", (None, label_count)) if several else Expected("<i8", (None,)),
            "ids": Expected("U", (None,)),
            "sha256": Expected("|u1", (None, _SHA256_BYTES)),
            "means": Expected("<f2", (1 if several else label_count, embedding_size)),
            "directions": Expected("<f4", (embedding_size, None)),
            "variances": Expected("<f4", (None,)),
            "residual_variance": Expected("<f8", (1,)),
        },
        REFERENCE_FILE,
    )
    _check(arrays, label_count)
    return Reference(
        embeddings=arrays["embeddings"],
        targets=arrays["targets"],
        ids=_texts(arrays["ids"]),
        sha256=tuple(bytes(row).hex() for row in arrays["sha256"]),
        means=arrays["means"],
        directions=arrays["directions"],
        variances=arrays["variances"],
        residual_variance=float(arrays["residual_variance"][0]),
    )


def _check(arrays: dict[str, NDArray[Any]], label_count: int) -> None:
    """Compare the arrays with one another, and their values with what they mean."""
    rows = {name: len(arrays[name]) for name in ("embeddings", "targets", "ids", "sha256")}
    problem = None
    if len(set(rows.values())) != 1 or not 1 <= rows["embeddings"] <= MOST_IMAGES:
        counted = ", ".join(f"{name} {count}" for name, count in rows.items())
        problem = f"the numbers of rows are {counted}; one number from 1 to {MOST_IMAGES} is expected"
    elif arrays["directions"].shape[1] != len(arrays["variances"]):
        problem = f"{arrays['directions'].shape[1]} directions have {len(arrays['variances'])} variances"
    elif not all(np.isfinite(values).all() for values in arrays.values() if values.dtype.kind == "f"):
        problem = "it has numbers that are not finite"
    elif not (np.concatenate([arrays["variances"], arrays["residual_variance"]]) > 0).all():
        problem = "it has variances that are not above 0"
    elif not _targets_fit(arrays["targets"], label_count):
        problem = f"its targets are not those of {label_count} labels"
    if problem is not None:
        raise BundleCorrupt(REFERENCE_FILE, f"{REFERENCE_FILE} does not hold together: {problem}.")


def _texts(values: NDArray[Any]) -> tuple[str, ...]:
    try:
        return tuple(map(str, values))
    except ValueError as err:  # code points that do not exist
        raise BundleCorrupt(REFERENCE_FILE, f"{REFERENCE_FILE} has ids that are no text: {err}") from err


def _targets_fit(targets: NDArray[Any], label_count: int) -> bool:
    largest = 1 if targets.ndim == 2 else label_count - 1
    return bool(targets.min() >= 0 and targets.max() <= largest)
