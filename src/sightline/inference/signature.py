"""What a graph takes and gives, said the same way whichever runtime opened it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Output = Literal["logits", "embedding", "feature_map"]

Signature = Mapping[str, tuple[str, tuple[int | None, ...]]]
"""By name of the tensor its dtype, as numpy writes it, and its shape; None is a dimension that is open."""

Images: TypeAlias = NDArray[np.uint8] | Sequence[NDArray[np.uint8]]
"""N pictures as a graph takes them: uint8 `[N, H, W, 3]`, or a sequence of uint8 `[H, W, 3]`."""

_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}


def signature_of(session: Any) -> Signature:
    """The tensors of an ONNX Runtime session by name."""
    return {
        tensor.name: (
            _DTYPES.get(tensor.type, tensor.type),
            tuple(length if isinstance(length, int) else None for length in tensor.shape),
        )
        for tensor in (*session.get_inputs(), *session.get_outputs())
    }
