import numpy as np
import pytest

from sightline.lifecycle.strangers.threshold import least_count, promise


@pytest.mark.parametrize(
    "count, rate, rank, promised",
    [
        (99, 0.01, 99, 0.01),
        (100, 0.01, 100, 1 / 101),
        (199, 0.01, 198, 0.01),
        (309, 0.01, 307, 3 / 310),
        (1000, 0.05, 951, 50 / 1001),
        (40, 0.01, 40, 1 / 41),
        (1, 0.01, 1, 0.5),
    ],
)
def test_the_rank_is_the_smallest_that_keeps_the_promise(count, rate, rank, promised):
    kept = promise(count, rate)

    assert (kept.rank, kept.rate) == (rank, pytest.approx(promised))
    if kept.rate <= rate:
        assert (count + 1 - (rank - 1)) / (count + 1) > rate


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1, 0.001, 0.3])
def test_so_many_pictures_promise_a_rate_and_one_less_does_not(rate):
    count = least_count(rate)

    assert promise(count, rate).rate <= rate + 1e-12
    assert promise(count - 1, rate).rate > rate


@pytest.mark.parametrize("count, rate", [(120, 0.01), (300, 0.02), (60, 0.1)])
def test_the_promise_holds_on_fresh_pictures_and_so_does_its_interval(count, rate):
    rng = np.random.default_rng(0)
    kept = promise(count, rate)

    draws = rng.gamma(2.0, size=(4_000, count))
    thresholds = np.array([kept.threshold(scores) for scores in draws])
    true_rates = np.exp(-thresholds) * (1 + thresholds)  # of a gamma distribution with shape 2

    assert true_rates.mean() == pytest.approx(kept.rate, rel=0.05)
    low, high = kept.interval
    assert ((low <= true_rates) & (true_rates <= high)).mean() == pytest.approx(0.95, abs=0.015)


def test_scores_at_the_threshold_are_not_above_it():
    kept = promise(10, 0.2)

    assert kept.threshold(np.array([3.0, 1, 2, 9, 4, 5, 6, 7, 8, 9])) == 9
