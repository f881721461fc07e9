import numpy as np
import pytest

from sightline.optimize.quantizing.histograms import BINS, Histogram
from sightline.optimize.quantizing.ranges import entropy, least_squares, minmax, percentile


def histogram(values):
    some = values[values != 0]
    counts, _ = np.histogram(some, BINS, (values.min(), values.max()))
    return Histogram(float(values.min()), float(values.max()), counts, len(values) - len(some))


def error(values, low, high):
    """Mean squared error of 256 levels from low to high, zero being one of them."""
    step = (high - low) / 255
    zero = round(-low / step)
    levels = np.clip(np.round(values / step) + zero, 0, 255)
    return float(np.square((levels - zero) * step - values).mean())


@pytest.fixture(scope="module")
def outliers():
    """Both signs and long tails: Student's t with three degrees of freedom."""
    return np.random.default_rng(0).standard_t(3, 50_000)


def test_minmax_covers_everything(outliers):
    assert minmax(histogram(outliers)) == (outliers.min(), outliers.max())


def test_a_percentile_is_numpy_s_to_a_bin(outliers):
    low, high = percentile(histogram(outliers), 99.9)

    width = (outliers.max() - outliers.min()) / BINS
    assert low == pytest.approx(np.quantile(outliers, 0.0005), abs=4 * width)
    assert high == pytest.approx(np.quantile(outliers, 0.9995), abs=4 * width)


def test_least_squares_is_as_good_as_the_best_of_400_ranges(outliers):
    found = error(outliers, *least_squares(histogram(outliers)))

    shares = np.linspace(0.05, 1, 20)
    best = min(error(outliers, outliers.min() * a, outliers.max() * b) for a in shares for b in shares)
    assert found <= 1.03 * best
    assert found < 0.95 * error(outliers, *minmax(histogram(outliers)))


def test_zeros_do_not_narrow_a_range():
    positive = np.abs(np.random.default_rng(1).normal(0, 1, 100_000))
    with_zeros = np.concatenate([positive, np.zeros(900_000)])

    assert least_squares(histogram(with_zeros))[1] == pytest.approx(
        least_squares(histogram(positive))[1], rel=0.02
    )


def test_entropy_cuts_outliers_and_leaves_an_even_spread(outliers):
    even = np.random.default_rng(2).uniform(-1, 1, 100_000)

    assert max(np.abs(entropy(histogram(outliers)))) < 0.7 * np.abs(outliers).max()
    assert entropy(histogram(even)) == pytest.approx((-1, 1), abs=0.06)


@pytest.mark.parametrize("way", [minmax, least_squares, entropy, lambda found: percentile(found, 99.9)])
def test_a_tensor_that_is_one_number_has_a_range(way):
    low, high = way(Histogram(2.5, 2.5, np.bincount([0], minlength=BINS) * 64, 0))

    assert np.isfinite([low, high]).all()
    assert high >= 2.4
