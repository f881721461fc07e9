"""Whether probabilities mean what they say: accuracy over confidence."""

from collections.abc import Sequence

from sightline.evaluation import ReliabilityBin
from sightline.report.charts.plane import Chart, Key, Spot, path, place_x, place_y, whole_axis
from sightline.report.numbers import between, share

_TALLEST_BAR = 34.0
_FEW = 5


def draw_reliability(title: str, bins: Sequence[ReliabilityBin], error: float, *, pairs: bool) -> Chart:
    """A reliability diagram (Guo et al. 2017): one spot a bin, and how many answers each holds as bars below.

    pairs
        Each count is a picture and a label, as with several labels a picture.
    """
    x = whole_axis("probability of a label" if pairs else "probability of the answer")
    y = whole_axis("share that is true" if pairs else "share that is right")
    filled = [one for one in bins if one.accuracy is not None and one.mean_confidence is not None]
    return Chart(
        title=title,
        said=f"{title}: calibration error {error:.3f}. {_spoken(filled)}",
        x=x,
        y=y,
        paths=(path(x, y, [(0, 0), (1, 1)], "guide"),),
        spots=tuple(
            Spot(
                place_x(x, one.mean_confidence or 0.0),
                place_y(y, one.accuracy or 0.0),
                "faint" if one.count < _FEW else "first",
                _read_out(one),
                None if one.interval is None else place_y(y, one.interval.low),
                None if one.interval is None else place_y(y, one.interval.high),
            )
            for one in filled
        ),
        keys=(Key("guide", "as it should be"), Key("first", _as_it_is(filled), spot=True)),
        bars=_bars(filled),
    )


def _as_it_is(filled: Sequence[ReliabilityBin]) -> str:
    few = f"; faint: fewer than {_FEW}" if any(one.count < _FEW for one in filled) else ""
    return ("as it is, with the 95% interval" if any(one.interval for one in filled) else "as it is") + few


def _bars(filled: Sequence[ReliabilityBin]) -> tuple[tuple[float, float, float, float], ...]:
    """Left, top, width and height of each bar."""
    x = whole_axis("")
    most = max((one.count for one in filled), default=1)
    floor = place_y(whole_axis(""), 0.0)
    bars = []
    for one in filled:
        height = round(max(1.0, _TALLEST_BAR * one.count / most), 1)
        left, right = place_x(x, one.low), place_x(x, one.high)
        bars.append((left + 0.7, round(floor - height, 1), round(right - left - 1.4, 1), height))
    return tuple(bars)


def _read_out(one: ReliabilityBin) -> str:
    return (
        f"{share(one.low)} to {share(one.high)}: {one.count:,}, said {share(one.mean_confidence)}, "
        f"true {share(one.accuracy)} {between(one.interval)}"
    )


def _spoken(filled: Sequence[ReliabilityBin]) -> str:
    return " ".join(
        f"Said {share(one.mean_confidence)}, true {share(one.accuracy)} of {one.count:,}." for one in filled
    )
