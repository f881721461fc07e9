"""The head: the one linear layer from embedding to logits, kept as two arrays beside the graph."""

import io
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.errors import BundleCorrupt

HEAD_FILE = "head.npz"
_LARGEST_ARRAYS = 1 << 30


@dataclass(frozen=True, eq=False)
class Head:
    """logits `[C]` = `weight` float32 `[C, D]` @ embedding `[D]` + `bias` float32 `[C]`."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, embedding_nd: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits float32 `[N, C]` of embeddings float32 `[N, D]`."""
        logits: NDArray[np.float32] = embedding_nd @ self.weight.T + self.bias
        return logits


def pack_head(head: Head) -> bytes:
    """Return the bytes of `head.npz`."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, weight=head.weight, bias=head.bias)
    return buffer.getvalue()


def unpack_head(data: bytes, *, classes: int, embedding_size: int) -> Head:
    """Read `head.npz` of a bundle with so many labels and so long an embedding.

    Raises:
        BundleCorrupt: arrays are missing, of other shapes or kinds, not finite, too large, or would need pickle.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > _LARGEST_ARRAYS:
            raise ValueError(f"its arrays would take {size:,} bytes")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            head = Head(arrays["weight"], arrays["bias"])
        _check(head, classes, embedding_size)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as err:
        # numpy's own words would advise to allow pickle.
        why = "it holds objects" if "pickle" in str(err) else err
        raise BundleCorrupt(HEAD_FILE, f"{HEAD_FILE} cannot be used: {why}") from err
    return head


def _check(head: Head, classes: int, embedding_size: int) -> None:
    for name, array, shape in (
        ("weight", head.weight, (classes, embedding_size)),
        ("bias", head.bias, (classes,)),
    ):
        if array.dtype != np.float32 or array.shape != shape:
            raise ValueError(f"{name} is {array.dtype} {list(array.shape)} and not float32 {list(shape)}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has values that are no numbers")
