"""Tensors of the protocol: what a model takes and gives, and how their elements lie in bytes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.errors import MalformedRequest
from sightline.serving.models import Served

_LARGEST: Final = 2**31
_LONGEST_SHOWN: Final = 60


class Tensor(NamedTuple):
    """An output: float32 values of this shape (`FP32`), or so many strings of bytes (`BYTES`)."""

    name: str
    shape: tuple[int, ...]
    values: NDArray[np.float32] | Sequence[bytes]

    @property
    def datatype(self) -> str:
        """As the protocol calls it."""
        return "FP32" if isinstance(self.values, np.ndarray) else "BYTES"

    def raw(self) -> bytes:
        """Its elements, little-endian and row by row; before each string its length in four bytes."""
        if isinstance(self.values, np.ndarray):
            return self.values.astype("<f4", copy=False).tobytes()
        return b"".join(part for one in self.values for part in (len(one).to_bytes(4, "little"), one))


@dataclass(frozen=True)
class Contract:
    """What a model takes and gives.

    most
        Pictures in a request.
    outputs
        Each with its type and its shape without the first axis, which is that of the pictures.
    """

    height_px: int
    width_px: int
    most: int
    outputs: dict[str, tuple[str, tuple[int, ...]]]

    @property
    def pixels(self) -> tuple[int, int, int]:
        """The shape of one picture as the network takes it."""
        return self.height_px, self.width_px, 3


def contract_of(model: Served, most: int) -> Contract:
    """What this model takes and gives, `most` pictures at a time."""
    manifest = model.bundle.manifest
    classes = (len(manifest.labels),)
    outputs: dict[str, tuple[str, tuple[int, ...]]] = {
        "label": ("BYTES", ()),
        "probability": ("FP32", ()),
        "decision": ("BYTES", ()),
        "probabilities": ("FP32", classes),
        "logits": ("FP32", classes),
        "embedding": ("FP32", (manifest.graph.embedding_size,)),
        "prediction": ("BYTES", ()),
    }
    if model.predictor.scorer is not None:
        outputs["outlier_score"] = ("FP32", ())
    spec = manifest.preprocessing
    return Contract(spec.height_px, spec.width_px, most, outputs)


class Given(NamedTuple):
    """An input as it came.

    raw
        Its elements as bytes; None: they are in `values`, numbers or encoded pictures.
    where
        What it is called in messages.
    """

    name: Any
    datatype: Any
    shape: Any
    raw: memoryview | None
    values: Any
    where: str


Image = bytes | NDArray[np.uint8]


def read_pictures(given: Sequence[Given], contract: Contract) -> list[Image]:
    """The pictures of a request, encoded or uint8 `[height_px, width_px, 3]`.

    Raises:
        MalformedRequest: it has not exactly one input, or that is not what the contract says.
    """
    if len(given) != 1:
        names = ", ".join(shown(one.name) for one in given[:4]) or "none"
        raise MalformedRequest(f"'inputs' holds one tensor, 'image' or 'images'; here: {names}.")
    (one,) = given
    if one.name == "image":
        return _encoded(one, contract)
    if one.name == "images":
        return list(_pixels(one, contract))
    raise MalformedRequest(f"{one.where}.name is {shown(one.name)}: it is 'image' or 'images'.")


def _encoded(given: Given, contract: Contract) -> list[Image]:
    _require_type(given, "BYTES")
    shape = _shape(given, contract)
    if shape[1:] not in ((), (1,)):
        raise MalformedRequest(f"{given.where}.shape is {list(shape)}: 'image' has the shape [N] or [N, 1].")
    if given.raw is not None:
        return list(_split(given.raw, shape[0], given.where))
    if len(given.values) != shape[0]:
        raise MalformedRequest(
            f"{given.where}: the shape {list(shape)} says {shape[0]} pictures, the data hold {len(given.values)}."
        )
    return list(given.values)


def _pixels(given: Given, contract: Contract) -> NDArray[np.uint8]:
    _require_type(given, "UINT8")
    shape = _shape(given, contract)
    if shape[1:] != contract.pixels:
        wanted = ", ".join(map(str, contract.pixels))
        raise MalformedRequest(f"{given.where}.shape is {list(shape)[:6]}: 'images' has [N, {wanted}] here.")
    size = shape[0] * contract.height_px * contract.width_px * 3
    pixels = _numbers(given) if given.raw is None else np.frombuffer(given.raw, np.uint8)
    if pixels.size != size:
        raise MalformedRequest(
            f"{given.where}: the shape {list(shape)} says {size:,} values, the data hold {pixels.size:,}."
        )
    return pixels.reshape(shape)


def _numbers(given: Given) -> NDArray[np.uint8]:
    values = given.values
    for _ in range(3):
        if set(map(type, values)) != {list}:
            break
        values = list(chain.from_iterable(values))
    try:
        if bool in set(map(type, values)):
            raise TypeError
        return np.frombuffer(bytes(values), np.uint8)
    except (TypeError, ValueError) as err:
        raise MalformedRequest(f"{given.where}.data is no array of whole numbers from 0 to 255.") from err


def _require_type(given: Given, wanted: str) -> None:
    if given.datatype != wanted:
        raise MalformedRequest(
            f"{given.where}.datatype is {shown(given.datatype)}: that of '{given.name}' is {wanted}."
        )


def _shape(given: Given, contract: Contract) -> tuple[int, ...]:
    shape = given.shape
    if not isinstance(shape, Sequence) or isinstance(shape, str) or not 1 <= len(shape) <= 8:
        raise MalformedRequest(f"{given.where}.shape is {shown(shape)}: it is a list of whole numbers.")
    for size in shape:
        if type(size) is not int or not 0 <= size <= _LARGEST:
            raise MalformedRequest(
                f"{given.where}.shape has {shown(size)} in it: it takes whole numbers, 0 to {_LARGEST:,}."
            )
    if not 1 <= shape[0] <= contract.most:
        raise MalformedRequest(
            f"{given.where}.shape says {shown(shape[0])} pictures: it may be 1 to {contract.most}."
        )
    return tuple(shape)


def _split(raw: memoryview, count: int, where: str) -> Iterator[bytes]:
    at = 0
    for index in range(count):
        start = at + 4
        size = int.from_bytes(raw[at:start], "little")
        at = start + size
        if at > len(raw):
            raise MalformedRequest(
                f"{where}: element {index} would end behind the data, which are {len(raw):,} bytes long. Before each "
                "element stands its length, four bytes, little-endian."
            )
        yield bytes(raw[start:at])
    if at != len(raw):
        raise MalformedRequest(f"{where}: {len(raw) - at:,} bytes are left over behind the {count} elements.")


def shown(value: Any) -> str:
    """Something of a request, as it may stand in a message: short, and in ASCII."""
    if isinstance(value, str):
        return ascii(value[:_LONGEST_SHOWN])
    if isinstance(value, int | float | None):
        return ascii(value)[:_LONGEST_SHOWN]
    return "an object" if isinstance(value, dict) else "a list"
