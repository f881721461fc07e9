"""How well a label's pictures are ranked before the others, whatever its threshold."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.records import Calibration, Scores

Values = NDArray[np.float32] | NDArray[np.float64]
_COLUMN_VALUES = 1 << 22


def average_precisions(scores: Scores, calibration: Calibration) -> tuple[float | None, ...]:
    """Average precision of each label of multilabel scores, in (0, 1]; None for one that no row has.

    Rows are ranked as the calibrated probabilities do, see `ranking_column`. Equal ones count as one step. A block
    of columns is copied at a time, so that 100,000 × 1,000 logits need no second copy.
    """
    rows, labels = scores.logits.shape
    step = max(1, _COLUMN_VALUES // max(1, rows))
    found: list[float | None] = []
    for start in range(0, labels, step):
        columns = slice(start, start + step)
        logits_cn = np.ascontiguousarray(scores.logits[:, columns].T)
        truth_cn = np.ascontiguousarray(scores.multi_hot[:, columns].T)
        for index, (logits, truth) in enumerate(zip(logits_cn, truth_cn, strict=True), start=start):
            found.append(average_precision(ranking_column(calibration, index, logits), truth))
    return tuple(found)


def ranking_column(calibration: Calibration, index: int, logits_n: NDArray[np.float32]) -> Values:
    """Values that rank rows by the calibrated probability of one label: its logits `[N]`, or made from them.

    A temperature and Platt's line keep the order of the logits, and rounding must not tie what they tell apart. An
    isotonic curve has level parts: whoever sees its probabilities cannot tell those rows apart, nor may a figure.
    """
    if calibration.kind != "isotonic":
        return logits_n
    curve = calibration.curves[index]
    return np.interp(logits_n, curve.logits, curve.probabilities)


def average_precision(values_n: Values, truth_n: NDArray[np.uint8]) -> float | None:
    """Σ over the distinct values, from the largest, of (recall − recall before) × precision.

    That of scikit-learn's `average_precision_score`: no interpolation, which would flatter.
    """
    cuts = ranked_cuts(values_n, truth_n)
    positives = cuts.hits[-1] if len(cuts.hits) else 0
    if not positives:
        return None
    gained = np.diff(cuts.hits, prepend=0)
    return float((gained * cuts.hits / cuts.claimed).sum() / positives)


class Cuts(NamedTuple):
    """Every way to hold the k largest values for true without parting equal ones, from the fewest on.

    values
        The smallest value that is still held for true, falling.
    claimed, hits
        int64: how many are held for true; how many of them are.
    """

    values: Values
    claimed: NDArray[np.int64]
    hits: NDArray[np.int64]


def ranked_cuts(values_n: Values, truth_n: NDArray[np.uint8]) -> Cuts:
    """The cuts of one label's values, float `[N]`, with truth uint8 `[N]` of 0 and 1."""
    order = np.argsort(values_n)[::-1]  # among equal values the order plays no part
    ranked = values_n[order]
    hits = np.cumsum(truth_n[order], dtype=np.int64)
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) if len(ranked) else order
    return Cuts(ranked[last], last.astype(np.int64) + 1, hits[last])
