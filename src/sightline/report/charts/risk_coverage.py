"""How often answers are wrong if only the surest are taken."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.evaluation.operating.selective import risk_coverage
from sightline.evaluation.per_picture import PerPicture
from sightline.report.charts.plane import (
    Chart,
    Key,
    Spot,
    path,
    percent,
    place_x,
    place_y,
    small_axis,
    thinned,
    whole_axis,
)
from sightline.report.numbers import share

_SHOWN = (0.5, 0.8, 0.9, 0.95, 1.0)


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The share of wrong answers among the k surest, float64 `[N]`, k = 1 … N (El-Yaniv and Wiener 2010).

    accepted, wrong
        Share of the pictures that the rule accepts, and of those the share that is wrong; None where the rule
        has no operating point, or accepts nothing.
    """

    risks: NDArray[np.float64]
    accepted: float | None
    wrong: float | None

    @property
    def rows(self) -> tuple[tuple[float, float], ...]:
        """Coverage and risk at a few round coverages, for a table."""
        count = len(self.risks)
        return tuple((part, float(self.risks[max(1, round(part * count)) - 1])) for part in _SHOWN)


def read_risk_coverage(pictures: PerPicture, accepted_n: NDArray[np.bool_] | None) -> RiskCoverage:
    """The curve of multiclass answers; `accepted_n`: bool `[N]`, None where every answer is accepted."""
    risks = risk_coverage(pictures.confidence, pictures.right)
    if accepted_n is None or not accepted_n.any():
        return RiskCoverage(risks, None, None)
    return RiskCoverage(risks, float(accepted_n.mean()), float((~pictures.right[accepted_n]).mean()))


def draw_risk_coverage(curve: RiskCoverage) -> Chart:
    """The curve, with the rule's operating point upon it."""
    count = len(curve.risks)
    points = [((place + 1) / count, float(risk)) for place, risk in enumerate(curve.risks)]
    # The first few answers say nothing yet: one mistake among three would set the scale.
    points = points[max(0, min(count // 50, 20)) :]
    x = whole_axis("share of pictures answered without a person")
    y = small_axis("share of these that is wrong", max(max(risk for _, risk in points), curve.wrong or 0.0))
    spots = []
    if curve.accepted is not None and curve.wrong is not None:
        said = f"The rule accepts {share(curve.accepted)}; {share(curve.wrong)} of them are wrong"
        spots.append(Spot(place_x(x, curve.accepted), place_y(y, curve.wrong), "mark", said))
    return Chart(
        title="Risk and coverage",
        said="Risk over coverage. "
        + " ".join(f"The surest {percent(part)}: {share(risk)} wrong." for part, risk in curve.rows),
        x=x,
        y=y,
        paths=(path(x, y, thinned(points), "first"),),
        spots=tuple(spots),
        keys=(
            Key("first", "if the surest answers are taken"),
            *((Key("mark", "the rule of this bundle", spot=True),) if spots else ()),
        ),
    )
