"""Golden images: encoded pictures, and what each stage made of them where the bundle was built."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import BundleCorrupt

EXPECTED_FILE = "golden/expected.npz"
MAP_SIDE = 16
_LARGEST_ARRAYS = 1 << 30
_DECIDED = ("logits", "embedding", "probabilities", "outlier_scores", "labels", "verdicts")


@dataclass(frozen=True, eq=False)
class GoldenOutputs:
    """What is expected of n golden images, a row each.

    decode_shape, orient_shape
        int64 `[n, 2]`: rows and columns before and after the orientation mark is applied.
    decode_map, orient_map
        float32 `[n, 16, 16, 3]`: means over a grid of blocks, 0 to 255. The pictures themselves would be large.
    pixels
        uint8 `[n, height_px, width_px, 3]`: the network's input.
    logits, embedding
        float32 `[n, C]` and `[n, D]`.
    probabilities
        float64 `[n, C]`.
    outlier_scores
        float64 `[n]`; NaN where the bundle's rule has no score.
    labels, verdicts
        Unicode `[n]` each: the predicted label; accept, review or reject.
    """

    decode_shape: NDArray[np.int64]
    decode_map: NDArray[np.float32]
    orient_shape: NDArray[np.int64]
    orient_map: NDArray[np.float32]
    pixels: NDArray[np.uint8]
    logits: NDArray[np.float32]
    embedding: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    outlier_scores: NDArray[np.float64]
    labels: NDArray[np.str_]
    verdicts: NDArray[np.str_]


def golden_names(files: Mapping[str, object]) -> list[str]:
    """Return the names of the encoded pictures among a bundle's files, in the order of the rows."""
    return sorted(name for name in files if name.startswith("golden/") and name != EXPECTED_FILE)


def block_means(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Reduce uint8 `[H, W, 3]` to float32 `[16, 16, 3]`: the mean of each block of a grid over the picture."""
    rows = _edges(pixels.shape[0])
    columns = _edges(pixels.shape[1])
    sums = np.add.reduceat(np.add.reduceat(pixels, rows, axis=0, dtype=np.int64), columns, axis=1)
    heights = np.maximum(1, np.diff(np.append(rows, pixels.shape[0])))
    widths = np.maximum(1, np.diff(np.append(columns, pixels.shape[1])))
    means: NDArray[np.float32] = (sums / (heights[:, None, None] * widths[None, :, None])).astype(np.float32)
    return means


def pack_golden(outputs: GoldenOutputs) -> bytes:
    """Return the bytes of `golden/expected.npz`."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, **{field.name: getattr(outputs, field.name) for field in fields(GoldenOutputs)}
    )
    return buffer.getvalue()


def unpack_golden(data: bytes) -> GoldenOutputs:
    """Read `golden/expected.npz`.

    Raises:
        BundleCorrupt: arrays are missing, have different numbers of rows, or would need pickle.
    """
    arrays = _read_arrays(data, EXPECTED_FILE, [field.name for field in fields(GoldenOutputs)])
    if len({len(one) for one in arrays.values()}) != 1:
        raise BundleCorrupt(EXPECTED_FILE, f"The arrays in {EXPECTED_FILE} have different numbers of rows.")
    return GoldenOutputs(**arrays)


def _read_arrays(data: bytes, name: str, wanted: Sequence[str]) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > _LARGEST_ARRAYS:
            raise ValueError(f"its arrays would take {size:,} bytes")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {one: arrays[one] for one in wanted}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as err:
        # numpy's own words would advise to allow pickle.
        why = "it holds objects" if "pickle" in str(err) else err
        raise BundleCorrupt(name, f"{name} cannot be read: {why}") from err


def pack_decided(outputs: GoldenOutputs) -> bytes:
    """Return the bytes of what a variant gives for the golden images: from the logits on, for pixels are the same."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: getattr(outputs, name) for name in _DECIDED})
    return buffer.getvalue()


def unpack_decided(data: bytes, name: str, reference: GoldenOutputs) -> GoldenOutputs:
    """The reference's expectations with a variant's in place of them, from the logits on; `name` is the file's.

    Raises:
        BundleCorrupt: arrays are missing, have other numbers of rows, or would need pickle.
    """
    arrays = _read_arrays(data, name, _DECIDED)
    if {len(one) for one in arrays.values()} != {len(reference.logits)}:
        raise BundleCorrupt(name, f"The arrays in {name} have other numbers of rows than {EXPECTED_FILE}.")
    return replace(reference, **arrays)


def _edges(length: int) -> NDArray[np.int64]:
    return np.minimum(np.arange(MAP_SIDE) * length // MAP_SIDE, length - 1)
