import numpy as np
import pytest
from scipy import stats

from sightline.evaluation.calibration import confidence_bins
from sightline.evaluation.intervals import wilson, wilson_f1, wilson_of_variance
from sightline.evaluation.resampling import Sampling, bootstrap_estimate, gap_estimate
from sightline.records import DecisionRule, Temperature


@pytest.mark.parametrize(
    "part, whole, low, high",
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
    ids=["81 of 263", "15 of 148", "0 of 20", "1 of 29"],
)
def test_wilson_gives_the_published_bounds(part, whole, low, high):
    """Method 3 of table I in Newcombe 1998, Two-sided confidence intervals for the single proportion."""
    found = wilson(part, whole)

    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("part, whole", [(0, 3), (7, 11), (999, 1000), (5, 5)])
def test_wilson_is_that_of_scipy(part, whole):
    expected = stats.binomtest(part, whole).proportion_ci(0.9, method="wilson")

    found = wilson(part, whole, level=0.9)

    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.contains(found.value)


def test_a_share_of_nothing_has_no_interval():
    assert wilson(0, 0) is None
    assert wilson_f1(0, 0, 0) is None


def test_the_interval_of_f1_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    cells = np.array([0.15, 0.06, 0.04, 0.75])  # right, missed, wrongly answered, of no concern
    truth = 2 * cells[0] / (2 * cells[0] + cells[1] + cells[2])
    held = 0
    for right, missed, wrong, _ in rng.multinomial(120, cells, 1000):
        found = wilson_f1(int(right), int(right + missed), int(right + wrong))
        held += found is not None and found.contains(truth)

    assert 0.93 < held / 1000 < 0.98


def test_an_interval_from_a_variance_is_wilsons_where_it_is_that_of_a_share():
    found = wilson_of_variance(0.8, 0.8 * 0.2 / 50, units=50)

    plain = wilson(40, 50)
    assert plain is not None
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))


def test_where_nothing_varies_the_units_are_all_there_is_to_go_by():
    found = wilson_of_variance(1.0, 0.0, units=12)

    plain = wilson(12, 12)
    assert plain is not None
    assert (found.low, found.high) == (plain.low, 1.0)


def test_groups_are_numbered_and_single_pictures_are_no_groups():
    grouped = Sampling.of_groups(np.array([7, 3, 7, 9]))

    assert grouped.units is not None
    assert grouped.units.tolist() == [1, 0, 1, 2]
    assert grouped.count(4) == 3
    assert "4 pictures form 3 independent groups" in grouped.said
    assert not Sampling.of_groups(np.array([7, 3, 1, 9])).grouped
    assert not Sampling.of_groups(None).grouped


def test_a_resample_draws_as_many_units_as_there_are_and_the_same_again():
    sampling = Sampling(resamples=30, seed=4)

    one, other = (np.concatenate(list(sampling.weights(50))) for _ in range(2))

    assert one.shape == (30, 50)
    assert (one.sum(axis=1) == 50).all()
    assert (one == other).all()
    assert (sampling.few_weights(50, 30) == one).all()


def test_whole_groups_make_a_wider_interval_than_single_pictures():
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(40) < 0.8, 10).astype(float)
    alone, grouped = Sampling(), Sampling.of_groups(np.repeat(np.arange(40), 10))

    widths = []
    for sampling in (alone, grouped):
        sums, sizes = sampling.sums(right), sampling.sums(np.ones(400))
        drawn = np.concatenate([(w @ sums) / (w @ sizes) for w in sampling.weights(400)])
        found = bootstrap_estimate(right.mean(), drawn, sampling.count(400))
        assert found is not None
        widths.append(found.high - found.low)

    assert 2.5 < widths[1] / widths[0] < 4  # √10, as ten pictures of a group say what one says


def test_a_bootstrap_that_cannot_vary_gives_way_to_wilson_over_the_units():
    found = bootstrap_estimate(1.0, np.ones(100), units=8)

    assert found is not None
    assert (found.method, found.high) == ("wilson", 1.0)
    assert found.low == pytest.approx(stats.binomtest(8, 8).proportion_ci(method="wilson").low)


@pytest.mark.parametrize(
    "temperature, truth", [(1.0, 0.0), (0.5, 0.159)], ids=["calibrated", "overconfident"]
)
def test_the_interval_of_a_calibration_error_holds_the_truth_as_often_as_it_says(temperature, truth):
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        logits = 2 * rng.normal(size=(300, 5))
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        targets = (chances.cumsum(axis=1) > rng.random((300, 1))).argmax(axis=1)
        claimed = DecisionRule(calibration=Temperature(value=temperature)).probabilities(
            logits.astype(np.float32)
        )
        gap = claimed.max(axis=1) - (claimed.argmax(axis=1) == targets)
        by_bin = np.zeros((300, 15))
        by_bin[np.arange(300), confidence_bins(claimed.max(axis=1))] = gap
        weights = np.concatenate(list(Sampling(resamples=300).weights(300)))
        found = gap_estimate(by_bin.mean(axis=0), weights @ by_bin / 300)
        held += found.contains(truth)

    assert 90 <= held <= 100


def test_a_gap_far_beyond_noise_has_the_interval_of_its_percentiles():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.01, 4000)

    found = gap_estimate(np.array([0.3]), 0.3 + noise[:, None])

    assert (found.low, found.high) == pytest.approx((0.3 - 0.0196, 0.3 + 0.0196), abs=1e-3)
    assert (found.value, found.method) == (0.3, "test_inversion")


@pytest.mark.parametrize("groups, warned", [(19, True), (20, False)])
def test_few_groups_are_said_to_be_few(groups, warned):
    sampling = Sampling.of_groups(np.arange(100) % groups)

    assert ("likely too narrow" in sampling.said) == warned
