"""The rule that turns logits into an answer: data in the manifest, the same arithmetic everywhere."""

from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from sightline.records.frozen import Frozen
from sightline.records.task import Activation, Task, task_of

Verdict = Literal["accept", "review", "reject"]
EVEN_ODDS = 0.5
"""The threshold of a label for which none was chosen: it is true if that is more probable than not."""


class DecisionRule(Frozen):
    """Temperature, then the activation, then thresholds.

    activation
        `softmax`: one label is true, and probabilities sum to 1. `sigmoid`: each label is true or not by itself.
    temperature
        Logits are divided by it before the activation (Guo et al. 2017, On calibration of modern neural
        networks).
    accept_thresholds
        With softmax. One probability a class, in the order of the labels: an answer below its class's threshold
        goes to `review`. None: no operating point has been chosen, every answer is accepted, and says so.
    label_thresholds
        With sigmoid. One probability a label, in the order of the labels, in [0, 1]: a label is true from its
        threshold on. None: none were chosen, 0.5 holds for every label, and answers say so.
    """

    activation: Activation = "softmax"
    temperature: float = Field(default=1.0, gt=0)
    accept_thresholds: tuple[float, ...] | None = None
    label_thresholds: tuple[Annotated[float, Field(ge=0, le=1)], ...] | None = None

    @model_validator(mode="after")
    def _thresholds_are_those_of_the_activation(self) -> Self:
        if self.activation == "sigmoid" and self.accept_thresholds is not None:
            raise ValueError("accept_thresholds belong to softmax; with sigmoid give label_thresholds")
        if self.activation == "softmax" and self.label_thresholds is not None:
            raise ValueError("label_thresholds belong to sigmoid; with softmax give accept_thresholds")
        return self

    @model_serializer(mode="wrap")
    def _write(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = write(self)
        if self.activation == "softmax":
            # A multiclass bundle then reads where several labels are not known yet.
            del values["label_thresholds"]
        return values

    @property
    def task(self) -> Task:
        """The task whose answers the rule gives."""
        return task_of(self.activation)

    def probabilities(self, logits_nc: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities, float64 `[N, C]`, from float32 logits `[N, C]`.

        With softmax rows sum to 1; with sigmoid every cell stands alone.
        """
        scaled = logits_nc.astype(np.float64) / self.temperature
        return _softmax(scaled) if self.activation == "softmax" else _sigmoid(scaled)

    def present(self, probabilities_nc: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which labels are held for true, bool `[N, C]`.

        With softmax the most probable one of each row, of equal ones the first; with sigmoid all that reach
        their thresholds, possibly none.
        """
        if self.activation == "sigmoid":
            return np.asarray(probabilities_nc >= self.thresholds(probabilities_nc.shape[1]), np.bool_)
        first = probabilities_nc.argmax(axis=1)
        return np.asarray(first[:, None] == np.arange(probabilities_nc.shape[1]), np.bool_)

    def thresholds(self, label_count: int) -> NDArray[np.float64]:
        """With sigmoid, the threshold of each label, float64 `[C]`; 0.5 where none were chosen."""
        chosen = self.label_thresholds
        return np.full(label_count, EVEN_ODDS) if chosen is None else np.asarray(chosen, np.float64)


def _softmax(scaled_nc: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled_nc -= scaled_nc.max(axis=1, keepdims=True)
    exponentials = np.exp(scaled_nc)
    normalised: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return normalised


def _sigmoid(scaled_nc: NDArray[np.float64]) -> NDArray[np.float64]:
    # Only of numbers below 0: there the exponential cannot overflow.
    faint = np.exp(-np.abs(scaled_nc))
    probabilities: NDArray[np.float64] = np.where(scaled_nc >= 0, 1.0, faint) / (1.0 + faint)
    return probabilities
