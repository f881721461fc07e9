"""An explanation in figures: what stands beside its overlay."""

from typing import Literal

from sightline.records.frozen import Frozen

ExplanationMethod = Literal["class_activation", "rise"]


class ExplanationSummary(Frozen):
    """Where the evidence for one label lies, and how that was found.

    label, probability
        What is explained, and its calibrated probability.
    method, exact
        `class_activation` or `rise`; exact if the contributions of all places add up to the score.
    peak_px
        (x, y) of the strongest place, in pixels of the whole upright picture from its upper left corner; null:
        no place speaks for the label.
    picture_px
        (width, height) of that picture.
    seen_px
        (left, top, right, bottom): the part of it that the network saw.
    runs, milliseconds
        Pictures that the graph was run on, and the time that the explanation took.
    """

    label: str
    probability: float
    method: ExplanationMethod
    exact: bool
    peak_px: tuple[float, float] | None
    picture_px: tuple[int, int]
    seen_px: tuple[float, float, float, float]
    runs: int
    milliseconds: float
