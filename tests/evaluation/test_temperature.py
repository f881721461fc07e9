import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from sightline.errors import DatasetError
from sightline.evaluation import evaluate, fit_temperature
from sightline.records import DecisionRule, Scores, Temperature


def scores_of(logits: NDArray[np.float64], targets: NDArray[np.int64] | list[int]) -> Scores:
    return Scores(
        logits=logits.astype(np.float32),
        embeddings=np.zeros((len(logits), 1), np.float32),
        targets=np.asarray(targets, np.int64),
        ids=tuple(map(str, range(len(logits)))),
        labels=tuple(map(str, range(logits.shape[1]))),
    )


def honest_scores(seed: int, rows: int, classes: int, temperature: float) -> Scores:
    """Targets are drawn from softmax(z); the engine states temperature × z instead of z."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2.0, size=(rows, classes))
    drawn = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return scores_of(logits * temperature, drawn)


def reference_loss(scores: Scores, temperature: float) -> float:
    """Cross-entropy to targets of (N + 1) / (N + 2) for the truth and the rest for its strongest rival."""
    rows = np.arange(len(scores.targets))
    others = scores.logits.astype(np.float64)
    others[rows, scores.targets] = -np.inf
    log_p = log_softmax(scores.logits.astype(np.float64) / temperature, axis=1)
    rest = 1 / (len(rows) + 2)
    losses = (1 - rest) * log_p[rows, scores.targets] + rest * log_p[rows, others.argmax(axis=1)]
    return -float(losses.mean())


@pytest.mark.parametrize("true_temperature", [0.3, 1.0, 4.0])
def test_a_known_temperature_is_found_again(true_temperature: float) -> None:
    scores = honest_scores(0, 20_000, 10, true_temperature)

    assert fit_temperature(scores) == pytest.approx(true_temperature, rel=0.03)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("stated", [0.08, 0.7, 12.0])
def test_no_other_search_finds_a_lower_loss(seed: int, stated: float) -> None:
    scores = honest_scores(seed, 60, 4, stated)

    found = fit_temperature(scores)

    reference = minimize_scalar(
        lambda log_t: reference_loss(scores, float(np.exp(log_t))),
        bounds=(np.log(0.05), np.log(20)),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert reference_loss(scores, found) <= reference.fun + 1e-12
    assert found == pytest.approx(float(np.exp(reference.x)), rel=1e-5)


def test_the_fit_lowers_loss_and_calibration_error_of_an_overconfident_engine() -> None:
    scores = honest_scores(1, 5000, 5, 5.0)

    before = evaluate(scores, DecisionRule())
    after = evaluate(scores, DecisionRule(calibration=Temperature(value=fit_temperature(scores))))

    assert after.negative_log_likelihood < before.negative_log_likelihood
    assert after.expected_calibration_error < before.expected_calibration_error / 3
    assert after.top1_accuracy == before.top1_accuracy


@pytest.mark.parametrize(
    "logits, targets, expected",
    [
        pytest.param(np.zeros((0, 3)), [], 1.0, id="no rows"),
        pytest.param(np.ones((4, 3)), [0, 1, 2, 0], 1.0, id="flat logits"),
        pytest.param(np.zeros((3, 1)), [0, 0, 0], 1.0, id="one class"),
        pytest.param(np.eye(3) * 3e38, [0, 1, 2], 20.0, id="all right, infinite confidence"),
        pytest.param(np.array([[5.0, 0.0]]), [0], 5.0 / np.log(2), id="one right row: 2 in 3"),
        pytest.param(np.array([[5.0, 0.0]]), [1], 20.0, id="one wrong row"),
        pytest.param(np.eye(3) * 3e38, [1, 2, 0], 20.0, id="all wrong, infinite confidence"),
        pytest.param(np.tile([1e-4, 0.0], (3, 1)), [0, 0, 1], 0.05, id="far too timid"),
        pytest.param(np.tile([1e4, 0.0], (3, 1)), [0, 0, 1], 20.0, id="far too sure"),
    ],
)
def test_where_the_data_cannot_tell_the_answer_is_the_documented_one(
    logits: NDArray[np.float64], targets: list[int], expected: float
) -> None:
    assert fit_temperature(scores_of(logits, targets)) == pytest.approx(expected)


@pytest.mark.parametrize("rows", [10, 300, 5000])
@pytest.mark.parametrize("margin", [0.8, 6.0, 40.0])
def test_without_a_mistake_answers_are_as_sure_as_so_many_right_ones_allow(rows: int, margin: float) -> None:
    logits = np.zeros((rows, 2))
    logits[:, 0] = margin
    scores = scores_of(logits, [0] * rows)

    temperature = fit_temperature(scores)

    assert temperature == pytest.approx(margin / np.log(rows + 1))
    rule = DecisionRule(calibration=Temperature(value=temperature))
    assert rule.probabilities(scores.logits)[0, 0] == pytest.approx((rows + 1) / (rows + 2))


def test_a_network_that_is_far_too_timid_and_always_right_is_believed_more() -> None:
    # As label smoothing of 0.1 leaves it: 0.9 for the truth, the rest spread out, and never wrong.
    rng = np.random.default_rng(5)
    targets = rng.integers(0, 10, 300)
    logits = np.log(np.full((300, 10), 0.1 / 9)) + rng.normal(0, 0.2, (300, 10))
    logits[np.arange(300), targets] = np.log(0.9)
    scores = scores_of(logits, targets)

    after = evaluate(scores, DecisionRule(calibration=Temperature(value=fit_temperature(scores))))

    assert evaluate(scores, DecisionRule()).expected_calibration_error > 0.08
    assert after.expected_calibration_error < 0.01


def test_logits_that_are_not_finite_are_refused() -> None:
    with pytest.raises(DatasetError, match="NaN or infinite"):
        fit_temperature(scores_of(np.array([[np.nan, 1.0]]), [0]))
