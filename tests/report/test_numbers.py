import pytest

from sightline.records import Estimate
from sightline.report.charts.plane import Axis, place_x, small_axis, thinned
from sightline.report.numbers import between, decimal, share, span


@pytest.mark.parametrize(
    "value, text",
    [
        (1.0, "100%"), (0.0, "0%"), (0.9996, "99.96%"), (0.00004, "0.004%"), (0.973, "97.3%"), (None, "–"),
        (1 - 1e-9, "≈100%"),
    ],
)  # fmt: skip
def test_a_share_is_never_rounded_to_all_or_nothing(value: float | None, text: str) -> None:
    assert share(value) == text


def test_a_decimal_below_one_is_not_written_as_one() -> None:
    assert decimal(0.99983) == "0.9998"
    assert decimal(1.0) == "1.000"


def test_an_interval_is_placed_on_its_bar() -> None:
    found = span(0.9, Estimate(value=0.9, low=0.8, high=0.95, method="wilson"))

    assert (found.text, found.interval) == ("90.0%", "80.0–95.0%")
    assert (found.at, found.low) == pytest.approx((90.0, 80.0))
    assert found.width == pytest.approx(15.0)


def test_where_nothing_is_known_nothing_is_written() -> None:
    assert between(None) == ""
    assert span(None, None).at is None


@pytest.mark.parametrize("largest, high", [(0.026, 0.04), (0.1, 0.1), (0.0, 0.0004), (1.0, 1.0)])
def test_an_axis_ends_at_a_round_number(largest: float, high: float) -> None:
    assert small_axis("", largest).high == pytest.approx(high)


def test_what_lies_beyond_an_axis_is_put_at_its_end() -> None:
    axis = Axis("", 0.0, 1.0, ())

    assert place_x(axis, 7.0) == place_x(axis, 1.0)


def test_a_thinned_line_keeps_its_ends() -> None:
    points = [(float(one), 0.0) for one in range(1000)]

    found = thinned(points, 50)

    assert len(found) == 50
    assert (found[0], found[-1]) == (points[0], points[-1])
