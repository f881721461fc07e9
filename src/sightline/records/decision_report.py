"""What a decision rule was fitted on and what can be expected of it: kept in the bundle beside the rule."""

from typing import Literal

from pydantic import Field

from sightline.records.estimate import Estimate
from sightline.records.frozen import Frozen


class FittedOn(Frozen):
    """The images that a rule was fitted on.

    split
        `calibration`, `val`, or the name of another data set.
    chose_epoch
        Whether the same images also chose the epoch that was kept: the figures then flatter a little.
    groups
        Of how many independent groups they are; None where every image stands alone.
    """

    split: str
    images: int = Field(ge=0)
    groups: int | None = None
    chose_epoch: bool = False


class CalibrationErrors(Frozen):
    """How far probabilities are from what they say.

    expected
        Expected calibration error over 15 bins of the most probable class; with several labels, of all pairs.
    classwise
        The mean over the classes of the error of each class's own probability over 15 bins (Kull et al. 2019, Beyond
        temperature scaling).
    negative_log_likelihood, brier_score
        As in the figures of evaluation.
    """

    expected: float
    classwise: float
    negative_log_likelihood: float
    brier_score: float


class BeforeAfter(Frozen):
    """Errors on images that the calibration was not fitted on: as the network says, and calibrated.

    split
        Where they were measured; of the images of the fit itself, each fold by a fit on the others.
    """

    split: str
    images: int
    before: CalibrationErrors
    after: CalibrationErrors


class CalibrationCandidate(Frozen):
    """A kind of calibration that was tried.

    loss
        Its cross-validated negative log-likelihood.
    gain, gain_error
        By how much it is lower than that of the kind which it would have replaced, and the standard error of that
        difference, by group. None for the simplest.
    """

    kind: str
    loss: float
    gain: float | None = None
    gain_error: float | None = None


class CalibrationReport(Frozen):
    """How the calibration was chosen, and what it is worth.

    chosen
        The simplest kind that no other beats by more than a standard error.
    candidates
        What was tried, the simpler first; empty where there were too few images to compare anything.
    notices
        What was not tried and why, and what else a reader of the figures should know.
    """

    fitted_on: FittedOn
    chosen: str
    candidates: tuple[CalibrationCandidate, ...]
    measured: tuple[BeforeAfter, ...]
    notices: tuple[str, ...] = ()


class AimReport(Frozen):
    """One aim, and what became of it.

    text
        The aim as it was asked for.
    promised
        Whether it holds on fresh images of the same kind with the stated confidence; None of what is no promise.
    threshold
        The threshold that was set for it; None where it set several, or none.
    recall, precision
        Of the aim's label, to be expected of as many fresh images.
    notice
        What could not be promised and what can; "" where all is as asked for.
    """

    text: str
    label: str | None = None
    promised: bool | None = None
    threshold: float | None = None
    recall: Estimate | None = None
    precision: Estimate | None = None
    notice: str = ""


class RiskPoint(Frozen):
    """With the surest `coverage` of the answers accepted, `risk` of them are wrong."""

    coverage: float
    risk: float


class OperatingReport(Frozen):
    """What a rule can be expected to do with as many fresh images as it was fitted on.

    Intervals are made to hold what such a set will show, not the rate behind it: they are wider than those of a rate.

    confidence
        With which promises are made.
    accuracy
        Share of all answers that are right; with several labels, of the pictures all of whose labels are.
    accepted
        Share of the pictures whose verdict is `accept`.
    accepted_accuracy
        The same as `accuracy`, of the accepted pictures alone.
    reviews_per_day
        What goes to review at the stated traffic; None without it.
    risk_coverage, area
        The curve (El-Yaniv and Wiener 2010, On the foundations of noise-free selective classification), thinned, and
        the area under it, the lower the better. Softmax only.
    set_size, set_coverage
        Of prediction sets, where there are any: the mean number of labels, and the share that hold the truth.
    """

    fitted_on: FittedOn
    confidence: float
    aims: tuple[AimReport, ...] = ()
    accuracy: Estimate | None
    accepted: Estimate | None
    accepted_accuracy: Estimate | None
    reviews_per_day: Estimate | None = None
    risk_coverage: tuple[RiskPoint, ...] = ()
    area: float | None = None
    set_size: float | None = None
    set_coverage: Estimate | None = None
    notices: tuple[str, ...] = ()


class DecisionReport(Frozen):
    """Beside the rule in the manifest: where it comes from, and what it promises.

    source
        `train`, or `calibrate`: fitted anew for a bundle that was there.
    operating
        What is to be expected, from the images of the fit.
    checked
        The same figures on images that played no part in the fit, with the rule as it is; None where there were none.
        Its aims are not judged anew: `promised` is as in `operating`.
    """

    source: Literal["train", "calibrate"] = "train"
    calibration: CalibrationReport
    operating: OperatingReport | None = None
    checked: OperatingReport | None = None
