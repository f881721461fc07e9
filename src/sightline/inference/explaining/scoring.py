"""What is explained of a label: one number that more evidence for the label makes larger."""

import numpy as np
from numpy.typing import NDArray

from sightline.records import Activation


def scores(logits_nc: NDArray[np.float32], index: int, activation: Activation) -> NDArray[np.float64]:
    """The score of one label in each row, float64 `[N]`, from logits float32 `[N, C]`.

    With sigmoid the label's logit. With softmax its distance from the mean logit of all labels: the same number
    added to every logit changes no answer, and so must change no explanation.
    """
    logits = logits_nc.astype(np.float64)
    own = logits[:, index]
    return own if activation == "sigmoid" else own - logits.mean(axis=1)
