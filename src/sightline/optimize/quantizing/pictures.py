"""Which pictures a quantisation may be calibrated and tried on: real ones, and not too few."""

import numpy as np
from numpy.typing import NDArray

from sightline.errors import DatasetError

FEWEST = 16


def check_pictures(images_nhwc: NDArray[np.uint8], purpose: str) -> None:
    """Refuse pictures that say nothing of what a network will see: too few, all of one colour, or copies of one.

    images_nhwc
        uint8 RGB `[N, H, W, 3]`, as the graph takes them.
    purpose
        For the message: what they were to be used for.

    Raises:
        DatasetError: fewer than 16 different pictures that show anything.
    """
    if images_nhwc.dtype != np.uint8 or images_nhwc.ndim != 4 or images_nhwc.shape[3] != 3:
        raise DatasetError(
            f"The pictures to {purpose} with are {images_nhwc.dtype} {list(images_nhwc.shape)}; uint8 [N, H, W, 3] is "
            "needed. Pass preprocessed training pictures."
        )
    told = {one.tobytes() for one in images_nhwc if one.min() != one.max()}
    if len(told) < FEWEST:
        raise DatasetError(
            f"To {purpose}, {FEWEST} different pictures are needed at least; of the {len(images_nhwc)} that came, "
            f"{len(told)} are different and not of a single colour. Pass 64 or more pictures of the train split."
        )
