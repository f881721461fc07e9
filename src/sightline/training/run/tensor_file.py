"""Tensors as a safetensors file, written to an open file one after the other.

The library's own writer either opens the file itself, so that it could not be moved into its place when it is whole,
or returns the bytes, which would double the memory of a large checkpoint. Reading is the library's.
"""

import json
from collections.abc import Mapping
from typing import BinaryIO

import torch
from torch import Tensor

_NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint64: "U64",
    torch.uint32: "U32",
    torch.uint16: "U16",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def write_tensors(file: BinaryIO, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors of any device and strides, in the format of safetensors 0.4 and later.

    The header's length as a little-endian 64-bit integer, the header in JSON, padded to 8 bytes, then the values,
    the widest types first so that each tensor starts at a multiple of its item's size.

    Raises:
        TypeError: a type that the format, or this writer, does not know; the message names the tensor.
        OSError: what the system says.
    """
    ordered = sorted(tensors, key=lambda name: -tensors[name].element_size())
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    end = 0
    for name in ordered:
        tensor = tensors[name]
        if tensor.dtype not in _NAMES:
            raise TypeError(f"'{name}' has the type {tensor.dtype}, which a checkpoint cannot hold.")
        start, end = end, end + tensor.numel() * tensor.element_size()
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little"))
    file.write(text)
    for name in ordered:
        _write_values(file, tensors[name])


def _write_values(file: BinaryIO, tensor: Tensor) -> None:
    if tensor.numel() == 0:
        return
    values = tensor.detach().cpu().contiguous().reshape(-1)
    file.write(values.view(torch.uint8).numpy().data)
