"""The decision of a bundle, from what a recipe asks of it to a rule fitted on a part of the data."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Dataset
from sightline.dataset.splits import sample_units
from sightline.evaluation.costs import read_costs
from sightline.evaluation.operating import Fitted, Wishes, check_decision, check_wishes, fit_decision
from sightline.inference import OutlierScorer
from sightline.records import Scores, Task
from sightline.training.recipe.sections import DecisionSection


def wishes_for(section: DecisionSection, labels: Sequence[str], task: Task) -> Wishes:
    """What is asked, with the file of costs read; checked against the labels.

    Raises:
        InputError: the file of costs cannot be used.
        DatasetError: what is asked does not go with these labels or this task.
    """
    costs = None
    if section.costs is not None:
        costs = tuple(map(tuple, read_costs(Path(section.costs), labels).tolist()))
    wishes = section.wishes(costs)
    check_wishes(wishes, labels, task)
    return wishes


def groups_of(dataset: Dataset) -> tuple[str | None, ...] | None:
    """The unit of each sample: what a group, equal pixels or a near copy tie together; None where nothing is tied."""
    units = sample_units(dataset.table)
    return tuple(map(str, units)) if len(set(units.tolist())) < len(units) else None


def fit_on(
    scores: Scores,
    dataset: Dataset,
    wishes: Wishes,
    *,
    split: str,
    chose_epoch: bool = False,
    scorer: OutlierScorer | None = None,
) -> Fitted:
    """Fit calibration and thresholds on a scored part of the data; its groups are kept together.

    scorer
        Of the bundle: what it rejects is neither accepted nor reviewed, here as in production.
    """
    return fit_decision(
        scores,
        wishes,
        groups=groups_of(dataset),
        split=split,
        chose_epoch=chose_epoch,
        rejected_n=rejected_by(scorer, scores),
    )


def check_on(
    fitted: Fitted,
    scores: Scores,
    dataset: Dataset,
    wishes: Wishes,
    split: str,
    scorer: OutlierScorer | None = None,
) -> Fitted:
    """The same, its report with what it does on a part of the data that nothing was fitted on."""
    rejected = rejected_by(scorer, scores)
    return check_decision(fitted, scores, wishes, groups=groups_of(dataset), split=split, rejected_n=rejected)


def rejected_by(scorer: OutlierScorer | None, scores: Scores) -> NDArray[np.bool_] | None:
    """The rows that a bundle rejects as strange, bool `[N]`; None where it rejects nothing."""
    return None if scorer is None else scorer.rule.strange(scorer.scores(scores.logits, scores.embeddings))
