"""Arrays from an archive that somebody else may have written: looked at before they are unpacked.

`numpy.load` makes room for whatever an array's header claims. Here the headers are read first, of no more arrays
than are expected, and nothing is unpacked unless kind, shape and size are as they should be.
"""

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from sightline.errors import BundleCorrupt

_DAMAGED = (zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Expected:
    """What an array must be: its kind (`f2`, `i8`, `U` for text of any length) and its shape.

    Of each axis the exact length, or None where any will do; of all axes together at most `most_bytes`.
    """

    kind: str
    shape: tuple[int | None, ...]
    most_bytes: int = 1 << 26


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a compressed npz; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack_arrays(data: bytes, expected: Mapping[str, Expected], file: str) -> dict[str, NDArray[Any]]:
    """Read exactly the expected arrays from an npz; `file` is its name in the bundle.

    Raises:
        BundleCorrupt: arrays are missing or too many, of another kind, shape or size, or would need pickle.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            if sorted(names) != sorted(expected):
                raise ValueError(f"it has the arrays {_listed(names)} where {_listed(expected)} are expected")
            return {name: _read(archive, name, expected[name]) for name in expected}
    except (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, *_DAMAGED) as err:
        raise BundleCorrupt(file, f"{file} cannot be read: {err}") from err


def _read(archive: zipfile.ZipFile, name: str, expected: Expected) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as entry:
        version = npy.read_magic(entry)
        if version != (1, 0):
            raise ValueError(f"'{name}' is written in version {version} of the format; (1, 0) is expected")
        shape, fortran, dtype = npy.read_array_header_1_0(entry)
        _check(name, shape, dtype, expected)
        size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        content = entry.read(size + 1)
    if len(content) != size:
        raise ValueError(f"'{name}' has {len(content):,} bytes of values where its shape needs {size:,}")
    values: NDArray[Any] = np.frombuffer(content, dtype)
    return values.reshape(shape[::-1]).T if fortran else values.reshape(shape)


def _check(name: str, shape: tuple[int, ...], dtype: "np.dtype[Any]", expected: Expected) -> None:
    text = expected.kind == "U"
    if dtype.hasobject or not (dtype.kind == "U" if text else dtype == np.dtype(expected.kind)):
        kind = "objects" if dtype.hasobject else str(dtype)
        raise ValueError(
            f"'{name}' holds {kind} where {'text' if text else np.dtype(expected.kind)} is expected"
        )
    fits = len(shape) == len(expected.shape) and all(
        wanted in (None, length) for length, wanted in zip(shape, expected.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if length is None else str(length) for length in expected.shape)
        raise ValueError(f"'{name}' has the shape {list(shape)} where [{wanted}] is expected")
    size = dtype.itemsize
    for length in shape:  # in Python's own integers: a product that overflows would look small
        size *= length
    if size > expected.most_bytes:
        raise ValueError(f"'{name}' would take {size:,} bytes; at most {expected.most_bytes:,} are taken")


def _listed(names: object) -> str:
    assert isinstance(names, list | Mapping)
    shown = sorted(map(str, names))[:20]
    return ", ".join(shown) or "none"
