"""Requests and answers over HTTP: JSON, and behind it the tensors that are sent as bytes."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from sightline.errors import MalformedRequest
from sightline.serving.bounded_json import read_json
from sightline.serving.v2.request import (
    Asked,
    InferRequest,
    Wanted,
    read_timeout,
    read_wishes,
    refuse_shared_memory,
)
from sightline.serving.v2.tensors import Contract, Given, Tensor, read_pictures, shown

_MOST_VALUES: Final = 1_000_000


def parse_request(body: bytes, header_length: bytes | None, contract: Contract) -> InferRequest:
    """Read a body.

    header_length
        Of the header `Inference-Header-Content-Length`: so many bytes are JSON; None: all of them.

    Raises:
        MalformedRequest: it is not what the protocol says, or not what the contract says; the message names the field.
    """
    size = _json_size(len(body), header_length)
    document = _parse_json(body[:size] if size < len(body) else body)
    behind = None if header_length is None else _Behind(memoryview(body)[size:])
    parameters = _parameters(document, "")
    id_ = document.get("id", "")
    if not isinstance(id_, str):
        raise MalformedRequest(f"'id' is {shown(id_)}: it is a string.")
    as_bytes = parameters.get("binary_data_output", False)
    if not isinstance(as_bytes, bool):
        raise MalformedRequest(f"parameters.binary_data_output is {shown(as_bytes)}: it is true or false.")
    inputs = _objects(document, "inputs")
    images = read_pictures([_input(one, f"inputs[{i}]", behind) for i, one in enumerate(inputs)], contract)
    if behind is not None and behind.left:
        raise MalformedRequest(f"{behind.left:,} bytes are left over behind the inputs' binary data.")
    asked = [
        Asked(one.get("name"), _parameters(one, f"outputs[{i}]."))
        for i, one in enumerate(_objects(document, "outputs"))
    ]
    return InferRequest(images, read_wishes(asked, contract, as_bytes), id_, read_timeout(parameters))


def render_answer(
    tensors: Sequence[Tensor], wanted: Sequence[Wanted], head: Mapping[str, str]
) -> tuple[bytes, int | None]:
    """The body of an answer, and how much of it is JSON if not all of it is.

    head
        Model, version and id.
    """
    behind: list[bytes] = []
    outputs: list[dict[str, Any]] = []
    for tensor, wish in zip(tensors, wanted, strict=True):
        output: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": tensor.shape,
        }
        if wish.binary:
            behind.append(tensor.raw())
            output["parameters"] = {"binary_data_size": len(behind[-1])}
        elif isinstance(tensor.values, np.ndarray):
            output["data"] = tensor.values.ravel().tolist()
        else:
            output["data"] = [one.decode() for one in tensor.values]
        outputs.append(output)
    document = json.dumps({**head, "outputs": outputs}, separators=(",", ":")).encode()
    return (b"".join([document, *behind]), len(document)) if behind else (document, None)


class _Behind:
    """The bytes behind the JSON, taken from the front."""

    def __init__(self, data: memoryview) -> None:
        self._data = data

    @property
    def left(self) -> int:
        return len(self._data)

    def take(self, size: int, where: str) -> memoryview:
        if size > len(self._data):
            raise MalformedRequest(
                f"{where}.parameters.binary_data_size is {shown(size)}: behind the JSON are {len(self._data):,} bytes."
            )
        taken, self._data = self._data[:size], self._data[size:]
        return taken


def _json_size(size: int, header_length: bytes | None) -> int:
    if header_length is None:
        return size
    if not header_length.isdigit() or len(header_length) > 12 or int(header_length) > size:
        raise MalformedRequest(
            f"Inference-Header-Content-Length is {header_length[:40]!r}: it is the length of the JSON, and the body "
            f"has {size:,} bytes."
        )
    return int(header_length)


def _parse_json(data: bytes) -> dict[str, Any]:
    try:
        document = read_json(data, _MOST_VALUES)
    except MalformedRequest as err:
        raise MalformedRequest(f"{err} Send tensors as binary data, behind it.") from err
    except (ValueError, RecursionError) as err:
        raise MalformedRequest(f"The body is no JSON: {shown(str(err))}.") from err
    if not isinstance(document, dict):
        raise MalformedRequest(f"The body is {shown(document)}: it is an object with 'inputs'.")
    return document


def _objects(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    given = document.get(name, [])
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise MalformedRequest(f"'{name}' is a list of objects.")
    if len(given) > 100:
        raise MalformedRequest(f"'{name}' has {len(given):,} objects; no model here has so many.")
    return given


def _parameters(document: dict[str, Any], where: str) -> dict[str, Any]:
    given = document.get("parameters", {})
    if not isinstance(given, dict):
        raise MalformedRequest(f"{where}parameters is {shown(given)}: it is an object.")
    return given


def _input(document: dict[str, Any], where: str, behind: _Behind | None) -> Given:
    parameters = _parameters(document, f"{where}.")
    refuse_shared_memory(parameters, where)
    size = parameters.get("binary_data_size")
    raw, values = None, document.get("data")
    if size is not None:
        if behind is None:
            raise MalformedRequest(
                f"{where}.parameters.binary_data_size needs the header Inference-Header-Content-Length."
            )
        if type(size) is not int or size < 0:
            raise MalformedRequest(f"{where}.parameters.binary_data_size is {shown(size)}: it is 0 or more.")
        if values is not None:
            raise MalformedRequest(f"{where} has both data and parameters.binary_data_size.")
        raw = behind.take(size, where)
    elif not isinstance(values, list):
        raise MalformedRequest(f"{where}.data is {shown(values)}: it is a list.")
    elif document.get("name") == "image":
        values = _decoded(values, where)
    return Given(document.get("name"), document.get("datatype"), document.get("shape"), raw, values, where)


def _decoded(values: list[Any], where: str) -> list[bytes]:
    """Encoded pictures from base64; `[N]`, or `[N, 1]` in nested lists."""
    flat = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in values]
    pictures = []
    for index, one in enumerate(flat):
        if not isinstance(one, str):
            raise MalformedRequest(f"{where}.data[{index}] is {shown(one)}: it is a picture in base64.")
        try:
            pictures.append(base64.b64decode(one, validate=True))
        except (binascii.Error, ValueError) as err:
            raise MalformedRequest(f"{where}.data[{index}] is no base64; JSON holds no other bytes.") from err
    return pictures
