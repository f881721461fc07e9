"""The fit of two numbers: that it is the minimum, where SciPy finds it, and within its bounds."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from score_makers import as_scores
from sightline.evaluation.calibrating.prior import _loss, fit_prior_shift


def drawn(seed, rows=300, classes=5, scale=1.0):
    rng = np.random.default_rng(seed)
    truth = rng.choice(classes, rows, p=rng.dirichlet(np.ones(classes)))
    logits = rng.normal(0, 1, (rows, classes))
    logits[np.arange(rows), truth] += 2
    return as_scores((logits * scale).astype(np.float32), truth)


def log_prior(scores):
    shares = np.bincount(scores.classes, minlength=len(scores.labels)) + 1.0
    return np.log(shares / shares.sum())


def fitted(scores):
    found, prior = fit_prior_shift(scores), log_prior(scores)
    return np.array([found.scales[0], found.shifts[0] / prior[0]])


def test_slopes_and_curvatures_are_those_of_the_loss():
    scores = drawn(0)
    prior, at = log_prior(scores), np.array([0.7, 0.4])

    here = _loss(scores, prior, at)

    assert here.slopes == pytest.approx(
        approx_fprime(at, lambda x: _loss(scores, prior, x).value, 1e-7), abs=1e-5
    )
    for row in range(2):
        numeric = approx_fprime(at, lambda x, row=row: _loss(scores, prior, x).slopes[row], 1e-7)
        assert here.curvatures[row] == pytest.approx(numeric, abs=1e-4)


@pytest.mark.parametrize("scale", [0.02, 1.0, 30.0], ids=["flat logits", "usual ones", "steep ones"])
@pytest.mark.parametrize("seed", range(4))
def test_no_other_minimum_is_lower(seed, scale):
    scores = drawn(seed, scale=scale)
    prior = log_prior(scores)

    ours = fitted(scores)

    theirs = minimize(
        lambda x: _loss(scores, prior, x).value,
        [1.0, 0.0],
        jac=lambda x: _loss(scores, prior, x).slopes,
        method="L-BFGS-B",
        bounds=[(0.05, 20), (-2, 2)],
    )
    assert _loss(scores, prior, ours).value <= theirs.fun + 1e-9
    assert 0.05 <= ours[0] <= 20
    assert -2 - 1e-9 <= ours[1] <= 2 + 1e-9


def test_equal_frequencies_shift_nothing():
    truth = np.arange(200) % 4
    logits = np.random.default_rng(0).normal(0, 1, (200, 4)).astype(np.float32)
    logits[np.arange(200), truth] += 1

    assert len(set(fit_prior_shift(as_scores(logits, truth)).shifts)) == 1
