"""What makes probabilities mean what they say: data in the manifest, numpy in production.

Every kind turns logits into calibrated logits, and `activate` turns those into probabilities, so that likelihoods
can be taken of either.
"""

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sightline.records.frozen import Frozen
from sightline.records.task import Activation

Logits = NDArray[np.float32] | NDArray[np.float64]
Positive = Annotated[float, Field(gt=0)]
Probability = Annotated[float, Field(gt=0, lt=1)]


class Temperature(Frozen):
    """Logits divided by one number (Guo et al. 2017, On calibration of modern neural networks, section 4.2).

    It changes no ranking and, with softmax, no answer.
    """

    kind: Literal["temperature"] = "temperature"
    value: Positive = 1.0

    @property
    def label_count(self) -> int | None:
        """None: it fits any number of labels."""
        return None

    def calibrated(self, logits_nc: Logits) -> NDArray[np.float64]:
        """Calibrated logits, float64 `[N, C]`, from logits `[N, C]`."""
        return logits_nc.astype(np.float64, order="C") / self.value

    def described(self) -> str:
        """The kind and its numbers, for people."""
        return f"temperature {self.value:.3f}"


class VectorScaling(Frozen):
    """A scale and a shift a class, before the softmax (Guo et al. 2017, section 4.2). It may change answers."""

    kind: Literal["vector"] = "vector"
    scales: tuple[Positive, ...]
    shifts: tuple[float, ...]

    @model_validator(mode="after")
    def _as_many_shifts(self) -> Self:
        _require_as_many(len(self.scales), len(self.shifts))
        return self

    @property
    def label_count(self) -> int | None:
        """How many classes it is for."""
        return len(self.scales)

    def calibrated(self, logits_nc: Logits) -> NDArray[np.float64]:
        """Calibrated logits, float64 `[N, C]`, from logits `[N, C]`."""
        return _straightened(logits_nc, self.scales, self.shifts)

    def described(self) -> str:
        """The kind and its numbers, for people."""
        return f"vector scaling, scales {min(self.scales):.3f} to {max(self.scales):.3f}"


class Platt(Frozen):
    """A slope and an intercept a label, before the sigmoid (Platt 1999, Probabilistic outputs for support vector
    machines). Slopes are above 0: no label's ranking changes.
    """

    kind: Literal["platt"] = "platt"
    slopes: tuple[Positive, ...]
    intercepts: tuple[float, ...]

    @model_validator(mode="after")
    def _as_many_intercepts(self) -> Self:
        _require_as_many(len(self.slopes), len(self.intercepts))
        return self

    @property
    def label_count(self) -> int | None:
        """How many labels it is for."""
        return len(self.slopes)

    def calibrated(self, logits_nc: Logits) -> NDArray[np.float64]:
        """Calibrated logits, float64 `[N, C]`, from logits `[N, C]`."""
        return _straightened(logits_nc, self.slopes, self.intercepts)

    def described(self) -> str:
        """The kind and its numbers, for people."""
        return f"Platt, slopes {min(self.slopes):.3f} to {max(self.slopes):.3f}"


class Curve(Frozen):
    """A rising line through points: logits, and the probability at each. Outside it goes on level."""

    logits: tuple[float, ...] = Field(min_length=1)
    probabilities: tuple[Probability, ...]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        _require_as_many(len(self.logits), len(self.probabilities))
        if (np.diff(self.logits) <= 0).any() or (np.diff(self.probabilities) < 0).any():
            raise ValueError("the logits of a curve must rise, and its probabilities must not fall")
        return self


class Isotonic(Frozen):
    """A rising curve a label, in place of the sigmoid (Zadrozny and Elkan 2002, Transforming classifier scores into
    accurate multiclass probability estimates). Between two points probabilities are interpolated; equal ones may
    arise of different logits.
    """

    kind: Literal["isotonic"] = "isotonic"
    curves: tuple[Curve, ...]

    @property
    def label_count(self) -> int | None:
        """How many labels it is for."""
        return len(self.curves)

    def calibrated(self, logits_nc: Logits) -> NDArray[np.float64]:
        """Calibrated logits, float64 `[N, C]`, from logits `[N, C]`: log p / (1 − p) of the curves."""
        columns = [
            np.interp(logits_nc[:, index], curve.logits, curve.probabilities)
            for index, curve in enumerate(self.curves)
        ]
        probabilities = np.stack(columns, axis=1)
        found: NDArray[np.float64] = np.log(probabilities) - np.log1p(-probabilities)
        return found

    def described(self) -> str:
        """The kind and its numbers, for people."""
        points = [len(curve.logits) for curve in self.curves]
        return f"isotonic, {min(points)} to {max(points)} points a label"


Calibration = Annotated[Temperature | VectorScaling | Platt | Isotonic, Field(discriminator="kind")]
"""Softmax: Temperature or VectorScaling. Sigmoid: Temperature, Platt or Isotonic."""

KINDS_OF: dict[Activation, tuple[str, ...]] = {
    "softmax": ("temperature", "vector"),
    "sigmoid": ("temperature", "platt", "isotonic"),
}
"""Which kinds go with which activation, the simpler first."""


def activate(calibrated_nc: NDArray[np.float64], activation: Activation) -> NDArray[np.float64]:
    """Probabilities, float64 `[N, C]`, from calibrated logits; a row gives the same in whatever company.

    With softmax rows sum to 1; with sigmoid every cell stands alone.
    """
    return _softmax(calibrated_nc) if activation == "softmax" else _sigmoid(calibrated_nc)


def _softmax(calibrated_nc: NDArray[np.float64]) -> NDArray[np.float64]:
    exponentials = np.exp(calibrated_nc - calibrated_nc.max(axis=1, keepdims=True))
    normalised: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return normalised


def _sigmoid(calibrated_nc: NDArray[np.float64]) -> NDArray[np.float64]:
    # Only of numbers below 0: there the exponential cannot overflow.
    faint = np.exp(-np.abs(calibrated_nc))
    probabilities: NDArray[np.float64] = np.where(calibrated_nc >= 0, 1.0, faint) / (1.0 + faint)
    return probabilities


def _straightened(
    logits_nc: Logits, slopes: tuple[float, ...], shifts: tuple[float, ...]
) -> NDArray[np.float64]:
    wide = logits_nc.astype(np.float64, order="C")
    wide *= np.array(slopes)
    wide += np.array(shifts)
    return wide


def _require_as_many(one: int, other: int) -> None:
    if one != other or one == 0:
        raise ValueError(f"{one} values stand beside {other}; there must be one of each for every label")
