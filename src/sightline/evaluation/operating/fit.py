"""From scores and wishes to a rule, with a report on what can be expected of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.blocks import calibrated_probabilities
from sightline.evaluation.calibrating.choose import (
    FEWEST_INDEPENDENT,
    fit_calibration,
    fit_kind,
    measure_calibration,
)
from sightline.evaluation.calibrating.folds import deal_folds, group_numbers, held_out, rows_of
from sightline.evaluation.operating.answers_rule import Draft, fit_answers
from sightline.evaluation.operating.contradictions import check_wishes
from sightline.evaluation.operating.expect import Outcomes, expectations
from sightline.evaluation.operating.labels_rule import fit_labels
from sightline.evaluation.operating.wishes import Wishes
from sightline.records import (
    Calibration,
    CalibrationReport,
    DecisionReport,
    DecisionRule,
    FittedOn,
    Scores,
    activation_of,
)

_FOLDS = 5
_NOTHING = Wishes()
Groups = Sequence[str | None] | None


@dataclass(frozen=True)
class Fitted:
    """A rule and where it comes from."""

    rule: DecisionRule
    report: DecisionReport


def fit_decision(
    scores: Scores,
    wishes: Wishes = _NOTHING,
    *,
    groups: Groups = None,
    split: str = "calibration",
    chose_epoch: bool = False,
    seed: int = 0,
    rejected_n: NDArray[np.bool_] | None = None,
) -> Fitted:
    """Choose a calibration and thresholds on scores that nothing was trained on.

    rejected_n
        Rows that the bundle rejects as strange, bool `[N]`: they are neither accepted nor reviewed.

    What the report expects is measured by five folds, grouped: calibration and thresholds are fitted anew on four, and
    decide the fifth. With fewer than 20 independent images it is measured on the images themselves, and says so.

    Raises:
        DatasetError: no row, or NaN.
        RecipeError: a wish that cannot be meant; see `check_wishes`.
        MissingExtra: SciPy is not installed.
    """
    check_wishes(wishes, scores.labels, scores.task)
    numbers = group_numbers(groups, len(scores.ids))
    calibrated = fit_calibration(scores, groups=groups, split=split, chose_epoch=chose_epoch, seed=seed)
    draft = fit_thresholds(scores, numbers, calibrated.calibration, wishes)
    outcomes = Outcomes.empty(scores, numbers, rejected_n)
    _decide_all(outcomes, calibrated.report, wishes, draft, seed)
    operating = expectations(outcomes, draft, calibrated.report.fitted_on)
    return Fitted(draft.rule, DecisionReport(calibration=calibrated.report, operating=operating))


def check_decision(
    fitted: Fitted,
    scores: Scores,
    wishes: Wishes,
    *,
    groups: Groups,
    split: str,
    rejected_n: NDArray[np.bool_] | None = None,
) -> Fitted:
    """The same, its report with what the rule does on images that played no part in the fit."""
    numbers = group_numbers(groups, len(scores.ids))
    outcomes = Outcomes.empty(scores, numbers, rejected_n)
    outcomes.add(fitted.rule, np.ones(len(scores.ids), np.bool_))
    draft = Draft(scores, numbers, np.empty((0, len(scores.labels))), wishes, fitted.rule)
    draft.reports = [] if fitted.report.operating is None else list(fitted.report.operating.aims)
    count = None if groups is None else len(np.unique(numbers))
    checked = expectations(outcomes, draft, FittedOn(split=split, images=len(scores.ids), groups=count))
    report = fitted.report.calibration
    measured = (*report.measured, measure_calibration(scores, fitted.rule.calibration, split))
    calibration = report.model_copy(update={"measured": measured})
    update = {"calibration": calibration, "checked": checked}
    return Fitted(fitted.rule, fitted.report.model_copy(update=update))


def fit_thresholds(
    scores: Scores, groups_n: NDArray[np.int64], calibration: Calibration, wishes: Wishes
) -> Draft:
    """The rule with that calibration whose thresholds serve the wishes."""
    rule = DecisionRule(activation=activation_of(scores.task), calibration=calibration, aim=wishes.in_words())
    draft = Draft(scores, groups_n, calibrated_probabilities(scores, rule), wishes, rule)
    if scores.task == "multiclass":
        fit_answers(draft)
    else:
        fit_labels(draft)
    return draft


def _decide_all(
    outcomes: Outcomes, report: CalibrationReport, wishes: Wishes, draft: Draft, seed: int
) -> None:
    scores, groups_n = outcomes.scores, outcomes.groups
    if len(np.unique(groups_n)) < FEWEST_INDEPENDENT:
        draft.notices.append(
            f"What is expected was measured on the {len(scores.ids)} images of the fit themselves, too few to hold any "
            "out: it flatters."
        )
        outcomes.add(draft.rule, np.ones(len(scores.ids), np.bool_))
        return
    for outside, inside in held_out(deal_folds(scores, groups_n, _FOLDS, seed)):
        part = rows_of(scores, outside)
        numbers = np.unique(groups_n[outside], return_inverse=True)[1].astype(np.int64)
        fold = fit_thresholds(part, numbers, fit_kind(report.chosen, part), wishes)
        outcomes.add(fold.rule, inside)
