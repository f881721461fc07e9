"""Nested values with tensors in them, as JSON and a flat list of tensors, and back."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

# The one key that no plain JSON object of the skeleton has: it marks what JSON itself cannot say.
_MARK = "!"


def flatten(value: Any) -> tuple[Any, dict[str, Tensor]]:
    """The skeleton of a nested value, which is plain JSON, and its tensors by the path where each was found.

    Mappings (keys: strings, integers, floats, booleans, None, tuples of these), lists, tuples, tensors, strings,
    integers, booleans, None and all floats come back as they were. A tensor's strides do too: fused optimisers
    take it for granted that a moment lies in memory as its parameter does.

    Raises:
        TypeError: a value of another kind; the message names its place.
    """
    tensors: dict[str, Tensor] = {}
    return _taken_apart(value, "", tensors), tensors


def restore(skeleton: Any, tensors: Mapping[str, Tensor]) -> Any:
    """What `flatten` was given.

    Raises:
        KeyError, TypeError, ValueError, RuntimeError: skeleton and tensors do not belong together.
    """
    if isinstance(skeleton, list):
        return [restore(one, tensors) for one in skeleton]
    if not isinstance(skeleton, dict):
        return skeleton
    if _MARK not in skeleton:
        return {key: restore(one, tensors) for key, one in skeleton.items()}
    kind, content = skeleton[_MARK], skeleton["of"]
    if kind == "tensor":
        return _in_place(tensors[content], skeleton.get("strides"))
    if kind == "tuple":
        return tuple(restore(one, tensors) for one in content)
    if kind == "mapping":
        return {restore(key, tensors): restore(one, tensors) for key, one in content}
    if kind == "float":
        return float(content)
    raise ValueError(f"unknown mark {kind!r}")


def _taken_apart(value: Any, place: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        return _set_aside(value, place, tensors)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {_MARK: "float", "of": str(value)}
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list):
        return [_taken_apart(one, f"{place}/{index}", tensors) for index, one in enumerate(value)]
    if isinstance(value, tuple):
        parts = [_taken_apart(one, f"{place}/{index}", tensors) for index, one in enumerate(value)]
        return {_MARK: "tuple", "of": parts}
    if isinstance(value, Mapping):
        return _mapping(value, place, tensors)
    raise TypeError(f"'{place.lstrip('/')}' is a {type(value).__name__}, which a checkpoint cannot hold.")


def _mapping(value: Mapping[Any, Any], place: str, tensors: dict[str, Tensor]) -> Any:
    parts = [
        (_taken_apart(key, f"{place}/key", tensors), _taken_apart(one, f"{place}/{key}", tensors))
        for key, one in value.items()
    ]
    if all(isinstance(key, str) for key in value) and _MARK not in value:
        return dict(parts)
    return {_MARK: "mapping", "of": [list(part) for part in parts]}


def _set_aside(tensor: Tensor, place: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    name = place.lstrip("/")
    while name in tensors:  # 1 and "1" are different keys of a mapping, but the same text in a path
        name += "'"
    tensor = tensor.detach()
    tensors[name] = tensor
    found: dict[str, Any] = {_MARK: "tensor", "of": name}
    dense = torch.empty_like(tensor, device="meta").stride()
    if dense != torch.empty(tensor.shape, device="meta").stride():
        found["strides"] = list(dense)
    return found


def _in_place(tensor: Tensor, strides: list[int] | None) -> Tensor:
    if strides is None:
        return tensor
    return torch.empty_strided(tuple(tensor.shape), strides, dtype=tensor.dtype).copy_(tensor)
