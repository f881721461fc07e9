import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from sightline.evaluation.operating import most_lost, needed_for, predicted_share
from sightline.evaluation.operating.bounds import effective_count, lower_bound


@given(st.integers(0, 400), st.floats(0.01, 0.5), st.floats(0.6, 0.99))
def test_the_most_that_may_be_lost_is_the_largest_number_that_keeps_the_confidence(count, share, confidence):
    found = most_lost(count, share, confidence)

    if found >= 0:
        assert binom.cdf(found, count, share) <= 1 - confidence + 1e-9
    assert binom.cdf(found + 1, count, share) > 1 - confidence - 1e-9


@pytest.mark.parametrize("loss, count", [(0.01, 299), (0.05, 59), (0.1, 29), (0.2, 14)])
def test_so_many_must_be_found_without_exception(loss, count):
    # 59 for 95 % of 95 % is the published number of Wilks (1941).
    assert needed_for(loss) == count
    assert most_lost(count, loss) == 0
    assert most_lost(count - 1, loss) == -1


@pytest.mark.parametrize("count, loss", [(60, 0.1), (300, 0.05), (29, 0.1)])
def test_the_order_statistic_keeps_its_promise_at_the_stated_rate(count, loss):
    rng = np.random.default_rng(0)
    place = most_lost(count, loss)
    # Values uniform on [0, 1]: the share of fresh ones below a threshold is the threshold itself.
    thresholds = np.sort(rng.random((20_000, count)), axis=1)[:, place]

    held = float((thresholds <= loss).mean())

    assert held >= 0.947
    plug_in = np.sort(rng.random((20_000, count)), axis=1)[:, int(loss * count)]
    assert float((plug_in <= loss).mean()) < 0.7


@pytest.mark.parametrize("hits, count", [(1, 10), (62, 62), (95, 100), (7, 7)])
def test_the_lower_bound_is_that_of_clopper_and_pearson(hits, count):
    theirs = binomtest(hits, count, alternative="greater").proportion_ci(0.95, method="exact").low

    assert lower_bound(hits, count) == pytest.approx(theirs)
    assert lower_bound(0, count) == 0.0


def test_copies_of_a_picture_are_no_new_evidence():
    right = np.random.default_rng(1).random(80) < 0.7

    alone = effective_count(right, np.arange(80))
    copied = effective_count(np.repeat(right, 5), np.repeat(np.arange(80), 5))

    assert alone == 80
    assert copied == pytest.approx(80, rel=0.02)
    assert effective_count(np.ones(40, bool), np.repeat(np.arange(8), 5)) == 8


@pytest.mark.parametrize("rate", [0.8, 0.97])
def test_fresh_sets_show_what_was_predicted_in_the_stated_share_of_cases(rate):
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(400):
        seen, fresh = rng.random((2, 150)) < rate
        one = predicted_share(seen)
        inside += one.low <= fresh.mean() <= one.high

    assert inside / 400 >= 0.95


def test_the_prediction_contains_its_value_and_narrows_with_more_fresh_pictures():
    right = np.arange(200) % 10 != 0

    few, many = (predicted_share(right, fresh=fresh) for fresh in (20, 20_000))

    assert few.low < many.low < 0.9 < many.high < few.high
    assert few.method == "beta_binomial"
    assert predicted_share(np.empty(0, bool)) is None
