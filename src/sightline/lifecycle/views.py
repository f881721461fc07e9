"""Test-time augmentation: the same picture seen in several ways, and the mean of the answers."""

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sightline.errors import InputError

View = Literal["hflip", "vflip", "rot180"]


def read_views(text: str) -> tuple[View, ...]:
    """The views in a list with commas, such as `hflip,vflip`.

    Raises:
        InputError: one of them is not known.
    """
    known = {str(name): name for name in get_args(View)}
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise InputError(f"--tta is '{text}'; '{name}' is no view. There are {', '.join(known)}.")
    return tuple(dict.fromkeys(known[name] for name in names))


def seen_as(pixels_nhwc: NDArray[np.uint8], views: Sequence[View]) -> Iterator[NDArray[np.uint8]]:
    """The pixels uint8 `[N, H, W, 3]` as they are, and then each view of them."""
    yield pixels_nhwc
    for view in views:
        rows, columns = _DIRECTIONS[view]
        yield np.ascontiguousarray(pixels_nhwc[:, ::rows, ::columns])


_DIRECTIONS: dict[View, tuple[int, int]] = {"hflip": (1, -1), "vflip": (-1, 1), "rot180": (-1, -1)}
