"""The rule that turns logits into an answer: data in the manifest, applied in numpy by `inference/`."""

from typing import Literal

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
