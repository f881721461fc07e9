"""What a rule has decided, a row a picture: one record for one row in production and 100,000 in evaluation."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["accept", "review", "reject"]
Cause = Literal["no_operating_point", "threshold", "no_label", "uncertain_label", "outlier"]

VERDICTS: Final[tuple[Verdict, ...]] = ("accept", "review", "reject")
CAUSES: Final[tuple[Cause, ...]] = (
    "no_operating_point",
    "threshold",
    "no_label",
    "uncertain_label",
    "outlier",
)
ACCEPT, REVIEW, REJECT = range(3)


@dataclass(frozen=True, eq=False)
class Decided:
    """The decisions over N pictures of C labels.

    labels
        int64 `[N]`. Softmax: the index of the answer, which an alarm or costs may make another than the most
        probable class. Sigmoid: the most probable label, whether held for true or not.
    present
        bool `[N, C]`: the labels that are held for true; with softmax exactly the answer.
    verdicts
        uint8 `[N]`, indices into `VERDICTS`.
    causes
        uint8 `[N]`, indices into `CAUSES`: what the verdict rests on.
        `no_operating_point`: none was chosen, everything is accepted. `threshold`: softmax, the answer's
        probability against its class's threshold; sigmoid, labels that reach theirs. `no_label`: sigmoid, no label
        is held for true. `uncertain_label`: sigmoid, a label lies in its review band. `outlier`: the picture is too
        unlike those that were learnt from, whatever its probabilities are.
    """

    labels: NDArray[np.int64]
    present: NDArray[np.bool_]
    verdicts: NDArray[np.uint8]
    causes: NDArray[np.uint8]


def verdicts_of(accepted_n: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """`accept` where true, `review` elsewhere."""
    return np.where(accepted_n, ACCEPT, REVIEW).astype(np.uint8)


def causes_of(count: int, cause: Cause) -> NDArray[np.uint8]:
    """The same cause for every row."""
    return np.full(count, CAUSES.index(cause), np.uint8)
