import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from sightline.evaluation import fit_temperature, negative_log_likelihood
from sightline.evaluation.likelihood import slope_and_curvature
from sightline.records import Scores, Temperature


def scores_of(logits: NDArray[np.float64], multi_hot: NDArray[np.bool_] | list[list[int]]) -> Scores:
    rows, labels = logits.shape
    return Scores(
        logits.astype(np.float32),
        np.zeros((rows, 1), np.float32),
        np.asarray(multi_hot, np.uint8),
        tuple(map(str, range(rows))),
        tuple(map(str, range(labels))),
    )


def drawn(seed: int, temperature: float, rows: int = 4000, labels: int = 3) -> Scores:
    """Labels drawn from the sigmoid of logits that then are told `temperature` times too loud."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, labels)) * 2
    truth = rng.random((rows, labels)) < 1 / (1 + np.exp(-logits))
    return scores_of(logits * temperature, truth)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_the_labels_were_drawn_at_is_found_again(temperature: float) -> None:
    assert fit_temperature(drawn(0, temperature)) == pytest.approx(temperature, rel=0.05)


def smoothed_loss(scores: Scores, temperature: float) -> float:
    """Cross-entropy to Platt's targets, (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2), over all cells."""
    truth = scores.multi_hot == 1
    targets = np.where(truth, (truth.sum() + 1) / (truth.sum() + 2), 1 / ((~truth).sum() + 2))
    scaled = scores.logits.astype(float) / temperature
    return float((np.logaddexp(0, scaled) - targets * scaled).mean())


@pytest.mark.parametrize("seed", [1, 2])
def test_it_is_the_minimum_that_another_search_finds(seed: int) -> None:
    scores = drawn(seed, 1.7, rows=300)

    found = fit_temperature(scores)

    other = minimize_scalar(
        lambda temperature: smoothed_loss(scores, temperature),
        bounds=(0.05, 20.0),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert found == pytest.approx(other.x, rel=1e-5)


def test_slope_and_curvature_are_the_derivatives_by_sharpness() -> None:
    scores, beta, step = drawn(3, 1.3, rows=50), 0.8, 1e-4

    slope, curvature = slope_and_curvature(scores, beta)

    low, middle, high = (
        negative_log_likelihood(scores, Temperature(value=1 / one))
        for one in (beta - step, beta, beta + step)
    )
    assert slope == pytest.approx((high - low) / (2 * step), rel=1e-5)
    assert curvature == pytest.approx((high - 2 * middle + low) / step**2, rel=1e-3)


@pytest.mark.parametrize(
    "logits, truth, expected",
    [
        pytest.param([[3.0, -3.0], [-3.0, 3.0]], [[1, 0], [0, 1]], 3 / np.log(3), id="all right: 3 in 4"),
        pytest.param([[0.0, 0.0]], [[1, 0]], 1.0, id="all logits 0"),
        pytest.param([[3.0, -2.0]], [[0, 1]], 20.0, id="everything wrong"),
        pytest.param(np.empty((0, 2)), np.empty((0, 2)), 1.0, id="no rows"),
    ],
)
def test_where_the_data_cannot_tell_the_answer_claims_least(
    logits: list[list[float]], truth: list[list[int]], expected: float
) -> None:
    assert fit_temperature(scores_of(np.asarray(logits), truth)) == pytest.approx(expected)


def test_the_likelihood_of_huge_logits_stays_a_number() -> None:
    scores = scores_of(np.array([[1e4, -1e4]]), [[0, 0]])

    assert negative_log_likelihood(scores) == pytest.approx(5000.0)
