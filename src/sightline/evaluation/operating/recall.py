"""The threshold that loses few of a label's pictures, also of those still to come."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.operating.aims import Aim
from sightline.evaluation.operating.bounds import lower_bound, most_lost, needed_for

_FAINTEST = 1e-300


@dataclass(frozen=True)
class RecallThreshold:
    """A threshold for a recall aim; `allowed`: how many of the units it may lose, −1 where it cannot be promised."""

    threshold: float | None
    units: int
    allowed: int
    notice: str


def recall_threshold(
    aim: Aim,
    probabilities_n: NDArray[np.float64],
    groups_n: NDArray[np.int64],
    confidence: float,
    floor: float = 0.0,
) -> RecallThreshold:
    """The highest threshold of which recall is promised, from the probabilities of the label's own pictures.

    An order statistic, see `most_lost`: exact for whatever the probabilities' distribution is, where a plug-in
    threshold misses its aim about every second time. Where pictures come in groups, each counts once with its least
    probable picture, and the promise is for whole groups. Too few pictures: the plug-in threshold after all, and the
    notice says what that does promise; not below `floor`, for what is no promise must not spoil the other answers.
    """
    assert aim.share is not None
    loss = 1.0 - aim.share
    units = lowest_of_groups(probabilities_n, groups_n)
    count = len(units)
    if count == 0:
        return RecallThreshold(
            None, 0, -1, f"'{aim}' sets no threshold: not one picture of '{aim.label}' to choose it on."
        )
    allowed = most_lost(count, loss, confidence)
    ranked = np.sort(units)
    if allowed >= 0:
        return RecallThreshold(max(float(ranked[allowed]), _FAINTEST), count, allowed, "")
    threshold = min(1.0, max(float(ranked[int(count * loss)]), floor, _FAINTEST))
    lost = int((units < threshold).sum())
    promised = lower_bound(count - lost, count, confidence)
    notice = (
        f"'{aim}' cannot be promised from {count} independent pictures of '{aim.label}'; "
        f"{needed_for(loss, confidence)} are needed. The threshold finds {count - lost} of these, which promises "
        f"{promised:.3f} with a confidence of {confidence:g}."
    )
    return RecallThreshold(threshold, count, allowed, notice)


def lowest_of_groups(values_n: NDArray[np.float64], groups_n: NDArray[np.int64]) -> NDArray[np.float64]:
    """The least value of each group, float64, a value a group."""
    order = np.lexsort((values_n, groups_n))
    first = np.append(True, np.diff(groups_n[order]) != 0) if len(order) else np.empty(0, np.bool_)
    lowest: NDArray[np.float64] = values_n[order][first]
    return lowest
