"""What is said of why: a map of heat over one picture, how it was made, and how far it can be trusted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.inference.explaining.whereabouts import Whereabouts
from sightline.records import ExplanationMethod, ExplanationSummary, Prediction


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where in a picture the evidence for one label lies.

    prediction
        The answer to the picture, as `Predictor.predict` gives it.
    label, probability
        What is explained, the answer's first label or the one asked for, and its calibrated probability.
    method
        `class_activation`: a class-activation map (Zhou et al. 2016, Learning deep features for discriminative
        localization). `rise`: which places, shown, go with a high score over randomly masked pictures
        (Petsiuk et al. 2018, RISE: randomized input sampling for explanation of black-box models).
    exact
        The contributions add up to what they explain: their mean, with `rest`, is `score`. Never of RISE.
    score
        What is explained: the label's logit, with softmax as its distance from the mean logit of all labels.
    contributions, rest
        float32 `[rows, columns]`, in logits, on cells of equal size over the network's input, for a class-activation
        map those of the feature map, for RISE its pixels; and what no place contributes. Below 0: it speaks
        against the label.
    heat
        float32 `[h, w]` on the network's input, in [0, 1]; 1 is the strongest place in the picture, 0 a place
        that says nothing for the label or speaks against it.
    picture
        Upright, mode `L` or `RGB`, as decoded: a large JPEG may be smaller than `width_px` × `height_px`.
    peak
        Where the heat is strongest, (x, y) in pixels of the whole upright picture, 0, 0 its upper left corner.
        None: no place speaks for the label.
    runs
        How many pictures the graph was run on.
    milliseconds
        What the explanation took, the prediction apart.
    """

    prediction: Prediction
    label: str
    probability: float
    method: ExplanationMethod
    exact: bool
    score: float
    contributions: NDArray[np.float32]
    rest: float
    heat: NDArray[np.float32]
    picture: Image.Image
    whereabouts: Whereabouts
    peak: tuple[float, float] | None
    runs: int
    milliseconds: float

    @property
    def width_px(self) -> int:
        """Width of the whole picture, upright."""
        return self.whereabouts.width_px

    @property
    def height_px(self) -> int:
        """Height of the whole picture, upright."""
        return self.whereabouts.height_px

    def summary(self) -> ExplanationSummary:
        """The figures, without pictures."""
        return ExplanationSummary(
            label=self.label,
            probability=self.probability,
            method=self.method,
            exact=self.exact,
            peak_px=self.peak,
            picture_px=(self.width_px, self.height_px),
            seen_px=self.whereabouts.seen_box,
            runs=self.runs,
            milliseconds=self.milliseconds,
        )

    def heat_on(self, width_px: int, height_px: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The heat on the whole picture at some size, float32 `[height_px, width_px]`, and what was seen, bool.

        Outside of what the network saw the heat is 0: nothing is known there, which is why it is told apart.
        """
        return self.whereabouts.bring_back(self.heat, width_px, height_px)
