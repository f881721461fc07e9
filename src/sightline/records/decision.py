"""The rule that turns logits into an answer: data in the manifest, the same arithmetic everywhere."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sightline.records.frozen import Frozen

Verdict = Literal["accept", "review", "reject"]


class DecisionRule(Frozen):
    """Temperature, then softmax, then the threshold of the predicted class.

    temperature
        Logits are divided by it before the softmax (Guo et al. 2017, On calibration of modern neural
        networks).
    accept_thresholds
        One probability a class, in the order of the labels: an answer below its class's threshold goes to
        `review`. None: no operating point has been chosen, every answer is accepted, and says so.
    """

    activation: Literal["softmax"] = "softmax"
    temperature: float = Field(default=1.0, gt=0)
    accept_thresholds: tuple[float, ...] | None = None

    def probabilities(self, logits_nc: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities, float64 `[N, C]`, rows summing to 1, from float32 logits `[N, C]`."""
        scaled = logits_nc.astype(np.float64) / self.temperature
        scaled -= scaled.max(axis=1, keepdims=True)
        exponentials = np.exp(scaled)
        normalised: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
        return normalised
