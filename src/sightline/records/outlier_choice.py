"""Which score of strangeness was chosen, and on what evidence."""

from typing import Literal

from sightline.records.frozen import Frozen
from sightline.records.outliers import OutlierScore


class OutlierFigures(Frozen):
    """How one score tells generated outliers from held-out pictures.

    auroc
        By kind of outlier: the chance that one is found stranger than a held-out picture.
    accepted
        By kind: how many would not be rejected at `threshold`.
    empty_accepted
        Of these, the noise and the blank pictures.
    """

    kind: OutlierScore
    mean_auroc: float
    threshold: float
    empty_accepted: int
    auroc: dict[str, float]
    accepted: dict[str, int]


class OutlierChoice(Frozen):
    """The choice of a score at build time; a bundle keeps it as `outliers.json`.

    chosen, reason
        The score, None if none was wanted; and why, in a sentence.
    held_out, held_out_groups, held_out_split
        Pictures that gave the thresholds; how many things they show, where shots of one thing are known to be so;
        and which split they are.
    false_alarm_rate, promised_rate, rate_low, rate_high
        What was asked for; what so many pictures promise on average; and the range in which the true rate of this
        threshold lies for 95 of 100 draws of the held-out pictures, if they are independent (a beta distribution, see
        Vovk 2012, Conditional validity of inductive conformal predictors).
    outliers
        How many outliers of each kind were made.
    figures
        A row a score, in a fixed order.
    """

    chosen: OutlierScore | None
    reason: str
    held_out: int
    held_out_groups: int
    held_out_split: Literal["calibration", "val"]
    false_alarm_rate: float
    promised_rate: float
    rate_low: float
    rate_high: float
    outliers: dict[str, int]
    figures: tuple[OutlierFigures, ...]
