"""What of a label is found, and what of that is right, whatever its threshold."""

from collections.abc import Sequence

from sightline.evaluation import ClassFigures, LabelFigures
from sightline.report.charts.plane import (
    Chart,
    Key,
    Look,
    Spot,
    path,
    place_x,
    place_y,
    thinned,
    whole_axis,
)
from sightline.report.numbers import decimal, share

_LOOKS: tuple[Look, ...] = ("first", "second", "third", "fourth")


def draw_precision_recall(figures: Sequence[ClassFigures | LabelFigures]) -> Chart | None:
    """The curves of the labels with the lowest average precision, four at most; None if there is none.

    A spot marks recall and precision of the answers that are given.
    """
    known = [one for one in figures if one.curve and one.average_precision is not None]
    worst = sorted(known, key=lambda one: one.average_precision or 0.0)[: len(_LOOKS)]
    if not worst:
        return None
    x, y = whole_axis("recall: found, of those there are"), whole_axis("precision: right, of those answered")
    return Chart(
        title="Precision and recall of the worst ranked",
        said="Precision over recall. "
        + " ".join(f"{one.label}: average precision {decimal(one.average_precision)}." for one in worst),
        x=x,
        y=y,
        paths=tuple(
            path(x, y, thinned([(cut.recall, cut.precision) for cut in one.curve]), look)
            for one, look in zip(worst, _LOOKS, strict=False)
        ),
        spots=tuple(
            Spot(
                place_x(x, one.recall or 0.0),
                place_y(y, one.precision or 0.0),
                look,
                f"{one.label} as answered: recall {share(one.recall)}, precision {share(one.precision)}",
            )
            for one, look in zip(worst, _LOOKS, strict=False)
            if one.predicted
        ),
        keys=tuple(
            Key(look, f"{one.label}, AP {decimal(one.average_precision)}")
            for one, look in zip(worst, _LOOKS, strict=False)
        ),
    )
