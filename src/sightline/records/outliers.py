"""When a picture is too unlike those that were learnt from to be answered: data in the manifest."""

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sightline.records.frozen import Frozen

SingleScore = Literal["max_softmax", "energy", "knn", "mahalanobis"]
OutlierScore = Literal[SingleScore, "mix"]

FalseAlarmRate = Annotated[float, Field(gt=0, le=0.5)]


class MixPart(Frozen):
    """One score of a mix: how many spreads it lies above its centre is what is added up."""

    kind: SingleScore
    centre: float
    spread: float = Field(gt=0)


class OutlierRule(Frozen):
    """A score, the larger the stranger, and the threshold above which a picture gets `reject`.

    kind
        How strangeness is measured; `sightline.inference.outliers` has each formula with its source.
    threshold
        A picture whose score is above it is rejected.
    false_alarm_rate
        What was asked for: the largest share of pictures of the usual kind that is to be rejected.
    promised_rate
        What the held-out pictures promise, on average over their draw: the chance that a further one of the same
        kind is rejected. It is above `false_alarm_rate` where they were too few: n pictures promise 1 / (n + 1) at
        best.
    held_out, held_out_split
        How many pictures that nothing was fitted on gave the threshold, and of which split.
    neighbours
        With `knn`, also in a mix: the distance to so-manieth nearest training image counts.
    parts
        With `mix`: the scores that are added.
    """

    kind: OutlierScore
    threshold: float
    false_alarm_rate: FalseAlarmRate
    promised_rate: float = Field(ge=0, le=1)
    held_out: int = Field(ge=1)
    held_out_split: Literal["calibration", "val"]
    neighbours: int = Field(default=5, ge=1)
    parts: tuple[MixPart, ...] = ()

    def strange(self, outlier_scores_n: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which pictures are rejected, bool `[N]`; a score that is no number counts as strange."""
        return np.asarray(~(outlier_scores_n <= self.threshold), np.bool_)

    @model_validator(mode="after")
    def _parts_are_those_of_a_mix(self) -> Self:
        if (self.kind == "mix") != bool(self.parts):
            raise ValueError("parts: a mix has at least one, and no other score has any")
        return self
