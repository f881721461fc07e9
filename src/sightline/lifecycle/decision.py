"""The decision of a bundle, from what a recipe asks of it to a rule fitted on a part of the data."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Dataset
from sightline.dataset.splits import sample_units
from sightline.errors import InputError
from sightline.evaluation.costs import read_costs
from sightline.evaluation.operating import (
    Fitted,
    Wishes,
    WishMistake,
    check_decision,
    contradictions,
    fit_decision,
    misfits,
    refuse,
)
from sightline.inference import OutlierScorer
from sightline.records import Scores, Task
from sightline.training.recipe.sections import DecisionSection


def wishes_for(section: DecisionSection, labels: Sequence[str], task: Task) -> Wishes:
    """What is asked, with the file of costs read; checked against the labels.

    Raises:
        RecipeError: the file of costs cannot be used, or what is asked cannot be meant or does not go with these labels
            or this task. All mistakes are listed.
    """
    wishes, mistakes = read_wishes(section, labels, task)
    refuse(mistakes)
    return wishes


def read_wishes(
    section: DecisionSection, labels: Sequence[str], task: Task
) -> tuple[Wishes, list[WishMistake]]:
    """What is asked, with the file of costs read if it can be, and all that is wrong with it."""
    costs, unread = None, []
    if section.costs is not None:
        try:
            costs = tuple(map(tuple, read_costs(Path(section.costs), labels).tolist()))
        except InputError as err:
            unread = [WishMistake("costs", str(err))]
    wishes = section.wishes(costs)
    wrong = contradictions(wishes, with_costs=section.costs is not None)
    return wishes, [*wrong, *unread, *misfits(wishes, labels, task)]


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
