"""Intervals against closed forms and published figures; they need no torch."""

import math

import pytest
from scipy import stats

from sightline.lifecycle.experiments.intervals import (
    fold_interval,
    half_width_in_sd,
    mean_interval,
    share_interval,
)


def test_the_paired_interval_is_that_of_the_paired_t_test() -> None:
    full, without = [0.80, 0.84, 0.79, 0.86], [0.70, 0.81, 0.74, 0.78]

    interval = mean_interval([b - a for a, b in zip(full, without, strict=True)])

    expected = stats.ttest_rel(without, full).confidence_interval(0.95)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def test_for_folds_the_variance_grows_by_what_they_share() -> None:
    values = [0.70, 0.74, 0.72, 0.78, 0.71]

    plain, corrected = mean_interval(values), fold_interval(values, held_out_share=1 / 5)

    # Nadeau & Bengio: 1/k + n_held_out / n_learnt = 1/5 + 1/4 in place of 1/5.
    assert plain is not None
    assert corrected is not None
    ratio = (corrected.high - corrected.low) / (plain.high - plain.low)
    assert ratio == pytest.approx(math.sqrt((1 / 5 + 1 / 4) / (1 / 5)))
    assert (corrected.low + corrected.high) / 2 == pytest.approx(sum(values) / 5)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([], id="no value"),
        pytest.param([0.5], id="one value"),
        pytest.param([0.1 + 0.2, 0.3, 0.3], id="equal but for rounding"),
    ],
)
def test_values_that_do_not_spread_have_no_interval(values: list[float]) -> None:
    assert mean_interval(values) is None


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe 1998, Interval estimation for the difference..., table I, method 3: 81 of 263 and 0 of 20.
    some, none = share_interval(81, 263), share_interval(0, 20)

    assert some is not None
    assert none is not None
    assert (some.low, some.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert (none.low, none.high) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert share_interval(0, 0) is None


def test_two_seeds_are_said_to_tell_little() -> None:
    assert half_width_in_sd(2) == pytest.approx(12.706 / math.sqrt(2), abs=1e-3)
    assert half_width_in_sd(3) == pytest.approx(4.303 / math.sqrt(3), abs=1e-3)
