"""From which probability on a label is held for true: chosen label by label on data nothing was trained on."""

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.average_precision import ranked_cuts
from sightline.evaluation.blocks import calibrated_probabilities, require_judgeable
from sightline.records import EVEN_ODDS, DecisionRule, Scores, require_task


def fit_label_thresholds(scores: Scores, rule: DecisionRule) -> tuple[float, ...]:
    """The threshold of each label with the largest F1 on `scores`, in [0, 1], in the order of the labels.

    It lies halfway between the two neighbouring probabilities that it parts, the rule's calibration applied.
    Where the data cannot tell, the answer is the one that claims least:

    - several thresholds have the same F1: the highest of them, which holds the fewest pictures for true;
    - no row has the label, or every row: 0.5, as if none were chosen; F1 says nothing there.

    Fit it on a calibration split. A label with few pictures gets a noisy threshold, and one that the network
    knows nothing about a low one: claiming it everywhere is then what F1 likes best (Lipton et al. 2014, Optimal
    thresholding of classifiers to maximize F1 measure).

    Raises:
        DatasetError: multiclass scores or rule, no row, or a logit that is NaN or infinite.
    """
    require_task("multilabel", scores=scores.task, rule=rule.task)
    require_judgeable(scores)
    probabilities_nc = calibrated_probabilities(scores, rule)
    columns = zip(probabilities_nc.T, scores.multi_hot.T, strict=True)
    return tuple(best_threshold(*column) for column in columns)


def best_threshold(probabilities_n: NDArray[np.float64], truth_n: NDArray[np.uint8]) -> float:
    """The threshold of one label; see `fit_label_thresholds`."""
    positives = int(truth_n.sum())
    if positives in (0, len(truth_n)):
        return EVEN_ODDS
    cuts = ranked_cuts(probabilities_n, truth_n)
    f1 = 2 * cuts.hits / (cuts.claimed + positives)
    best = int(f1.argmax())  # of equal ones the first, which is the highest
    lowest_in = float(cuts.values[best])
    highest_out = float(cuts.values[best + 1]) if best + 1 < len(cuts.values) else 0.0
    halfway = (lowest_in + highest_out) / 2
    # Between two floats that are neighbours there is none.
    return halfway if highest_out < halfway <= lowest_in else lowest_in
