import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import check_grad
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression

from score_makers import as_scores, one_true, several_true
from sightline.errors import DatasetError
from sightline.evaluation.calibrating import (
    calibration_errors,
    deal_folds,
    fit_calibration,
    fit_isotonic,
    fit_platt,
    fit_vector_scaling,
    group_numbers,
    measure_calibration,
    pool_adjacent_violators,
)
from sightline.evaluation.calibrating.choose import standard_error
from sightline.evaluation.calibrating.smoothing import platt_targets
from sightline.evaluation.calibrating.vector import _linear_weights, _loss
from sightline.evaluation.likelihood import negative_log_likelihood
from sightline.records import DecisionRule, Scores, Temperature


class TheLogitItself(ClassifierMixin, BaseEstimator):
    """A fitted classifier of scikit-learn whose decision function is its only feature."""

    classes_ = np.array([0, 1])

    def fit(self, features, truth):
        return self

    def decision_function(self, features):
        return features[:, 0]

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, features):
        return (features[:, 0] > 0).astype(int)


@pytest.mark.parametrize("seed", range(3))
def test_platt_is_that_of_scikit_learn(seed):
    scores = several_true(seed, 200, slopes=2.5, offset=1.0)
    truth = scores.multi_hot

    found = fit_platt(scores)

    ours = DecisionRule(activation="sigmoid", calibration=found).probabilities(scores.logits)
    for column in range(3):
        features = scores.logits[:, [column]].astype(float)
        theirs = CalibratedClassifierCV(FrozenEstimator(TheLogitItself()), method="sigmoid")
        theirs.fit(features, truth[:, column])
        assert ours[:, column] == pytest.approx(theirs.predict_proba(features)[:, 1], abs=2e-4)


def test_platt_finds_slope_and_intercept_again():
    found = fit_platt(several_true(4, 30_000, slopes=2.5, offset=1.0))

    assert found.slopes == pytest.approx([2.5] * 3, rel=0.05)
    assert found.intercepts == pytest.approx([1.0] * 3, abs=0.1)


@pytest.mark.parametrize("turned", [False, True], ids=["four pictures", "ranked the wrong way round"])
def test_a_label_that_cannot_be_fitted_keeps_the_common_temperature(turned):
    scores = several_true(5, 400)
    truth = scores.multi_hot.copy()
    truth[:, 1] = 1 - truth[:, 1] if turned else np.arange(400) < 4
    changed = as_scores(scores.logits.astype(float), truth)

    found = fit_platt(changed)

    assert found.intercepts[1] == 0.0
    assert found.slopes[1] > 0
    assert found.intercepts[0] != 0.0


@pytest.mark.parametrize("seed", range(4))
def test_isotonic_is_that_of_scikit_learn_between_the_points_too(seed):
    scores = several_true(seed, 150, slopes=0.5)
    new = np.random.default_rng(seed + 90).normal(scale=6, size=(300, 3)).astype(np.float32)

    found = fit_isotonic(scores)

    ours = DecisionRule(activation="sigmoid", calibration=found).probabilities(new)
    for column in range(3):
        theirs = IsotonicRegression(out_of_bounds="clip")
        theirs.fit(scores.logits[:, column].astype(float), platt_targets(scores.multi_hot[:, column]))
        assert ours[:, column] == pytest.approx(theirs.predict(new[:, column].astype(float)), abs=1e-9)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 5)), min_size=1, max_size=30))
def test_pooling_gives_what_scikit_learn_gives(cells):
    values, weights = (np.array(column) for column in zip(*cells, strict=True))

    found = pool_adjacent_violators(values, weights)

    theirs = IsotonicRegression().fit_transform(np.arange(len(values)), values, sample_weight=weights)
    assert found == pytest.approx(theirs, abs=1e-9)
    assert (np.diff(found) >= 0).all()


@given(st.integers(0, 1000), st.integers(2, 60))
def test_isotonic_never_turns_a_ranking_round_nor_claims_certainty(seed, rows):
    scores = several_true(seed, rows)

    found = DecisionRule(activation="sigmoid", calibration=fit_isotonic(scores))

    ordered = np.sort(np.random.default_rng(seed).normal(scale=9, size=(40, 3)), axis=0).astype(np.float32)
    probabilities = found.probabilities(ordered)
    assert (np.diff(probabilities, axis=0) >= 0).all()
    assert ((probabilities > 0) & (probabilities < 1)).all()


def test_the_gradient_of_vector_scaling_is_that_of_its_loss():
    scores = one_true(0, 60)
    logits = scores.logits.astype(float)
    weights = _linear_weights(logits, scores.classes)
    start = np.concatenate([np.full(4, 0.7), np.linspace(-0.5, 0.5, 4)])

    def parts(place):
        return _loss(logits, weights, place[:4], place[4:], 0.7)

    assert check_grad(lambda place: parts(place)[0], lambda place: parts(place)[1], start) < 1e-6


def test_vector_scaling_finds_scales_and_shifts_again():
    scores = one_true(1, 40_000)
    factors, shifts = np.array([0.5, 1.0, 2.0, 1.0]), np.array([1.0, -1.0, 0.0, 0.0])
    stated = as_scores((scores.logits.astype(float) - shifts) / factors, scores.classes)

    found = fit_vector_scaling(stated)

    assert np.array(found.shifts) - np.mean(found.shifts) == pytest.approx(shifts - shifts.mean(), abs=0.12)
    assert np.array(found.scales) == pytest.approx(factors, rel=0.12)


def test_vector_scaling_of_classes_without_a_picture_stays_near_the_temperature():
    scores = one_true(2, 300, classes=6)
    rows = scores.classes < 3
    few = as_scores(scores.logits[rows].astype(float), scores.classes[rows])

    found = fit_vector_scaling(few)

    assert np.isfinite([*found.scales, *found.shifts]).all()
    assert max(found.scales) < 10 * min(found.scales)


def test_the_simpler_calibration_is_kept_where_it_is_as_good():
    chosen = fit_calibration(one_true(0, 600, sharpness=3.0))

    assert chosen.calibration.kind == "temperature"
    assert [one.kind for one in chosen.report.candidates] == ["none", "temperature", "prior", "vector"]
    assert chosen.calibration.value == pytest.approx(3.0, rel=0.15)


def test_a_temperature_that_few_groups_cannot_prove_is_not_taken():
    honest = one_true(3, 240)
    groups = [f"piece {row // 8}" for row in range(240)]

    chosen = fit_calibration(honest, groups=groups)

    assert chosen.report.chosen == "none"
    assert chosen.calibration == Temperature()
    (held_out,) = chosen.report.measured
    assert held_out.after == held_out.before


def test_below_twenty_independent_images_probabilities_are_left_alone():
    shouted = one_true(3, 190, sharpness=3.0)
    groups = [f"piece {row // 10}" for row in range(190)]

    chosen = fit_calibration(shouted, groups=groups)

    assert chosen.calibration == Temperature()
    assert "19 independent images are too few" in chosen.report.notices[0]


def test_a_class_that_is_claimed_too_readily_needs_vector_scaling():
    scores = one_true(4, 1500, offset=2.5)

    chosen = fit_calibration(scores)

    assert chosen.calibration.kind == "vector"
    gain = chosen.report.candidates[-1]
    assert gain.gain > gain.gain_error
    (held_out,) = chosen.report.measured
    assert held_out.after.negative_log_likelihood < held_out.before.negative_log_likelihood


def test_a_network_trained_as_if_classes_were_equally_frequent_gets_their_frequencies_back():
    prior = np.array([0.9, 0.06, 0.03, 0.01])
    scores = one_true(5, 20_000)
    rng = np.random.default_rng(5)
    # Of each class as many rows as its frequency says: what the logits know of the classes stays the same.
    rows = np.concatenate(
        [rng.choice(np.flatnonzero(scores.classes == c), int(4000 * prior[c])) for c in range(4)]
    )
    unbalanced = as_scores(scores.logits[rows].astype(float), scores.classes[rows])

    chosen = fit_calibration(unbalanced)

    assert chosen.report.chosen == "prior"
    (held_out,) = chosen.report.measured
    assert held_out.before.classwise > 0.1
    assert held_out.after.classwise < 0.02
    assert np.array(chosen.calibration.scales) == pytest.approx([1.0] * 4, rel=0.1)
    assert chosen.calibration.shifts == pytest.approx(np.log(prior), rel=0.15)


@pytest.mark.parametrize(
    "scores, kind",
    [
        pytest.param(several_true(6, 2000, slopes=2.0), "temperature", id="one slope for all"),
        pytest.param(several_true(7, 2000, slopes=1.0, offset=2.0), "platt", id="shifted"),
    ],
)
def test_labels_get_the_kind_that_their_law_asks_for(scores, kind):
    assert fit_calibration(scores).calibration.kind == kind


def test_a_bent_law_needs_isotonic_curves():
    rng = np.random.default_rng(8)
    logits = rng.normal(scale=3, size=(6000, 2))
    law = np.where(logits < 0, 0.05, np.where(logits < 3, 0.5, 0.97))
    scores = as_scores(logits, (rng.random(law.shape) < law).astype(np.uint8))

    chosen = fit_calibration(scores)

    assert chosen.calibration.kind == "isotonic"
    fresh = DecisionRule(activation="sigmoid", calibration=chosen.calibration)
    assert fresh.probabilities(np.array([[-1.0, 1.5], [5.0, -4.0]], np.float32)) == pytest.approx(
        np.array([[0.05, 0.5], [0.97, 0.05]]), abs=0.04
    )


def test_nothing_is_compared_where_there_is_too_little():
    scores = one_true(9, 15)

    chosen = fit_calibration(scores, split="val", chose_epoch=True)

    assert chosen.calibration.kind == "temperature"
    assert chosen.report.candidates == ()
    assert "15 independent images are too few" in chosen.report.notices[0]
    assert "also chose the epoch" in chosen.report.notices[-1]


def test_few_groups_are_few_however_many_pictures_they_have():
    chosen = fit_calibration(one_true(9, 400), groups=[f"piece {row % 12}" for row in range(400)])

    assert chosen.report.fitted_on.groups == 12
    assert "12 independent images are too few" in chosen.report.notices[0]


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_folds_keep_groups_whole_and_spread_classes(task):
    scores = one_true(1, 300) if task == "multiclass" else several_true(1, 300)
    groups = group_numbers([f"g{row // 3}" for row in range(300)], 300)

    folds = deal_folds(scores, groups, 5)

    assert all(len(np.unique(folds[groups == group])) == 1 for group in np.unique(groups))
    assert np.bincount(folds).min() >= 50


def test_what_learns_frequencies_is_not_told_those_of_the_fold_held_out():
    # A law without a prior, and many classes: evenly spread folds would show a gain of about C / 2N that is none.
    logits = np.random.default_rng(0).normal(scale=2, size=(1000, 40))
    truth = (logits + np.random.default_rng(1).gumbel(size=logits.shape)).argmax(axis=1).astype(np.int64)
    scores = Scores(
        logits.astype(np.float32),
        np.zeros((1000, 1), np.float32),
        truth,
        tuple(map(str, range(1000))),
        tuple(map(str, range(40))),
    )

    chosen = fit_calibration(scores)

    assert chosen.report.chosen == "none"
    assert chosen.report.candidates[1].gain < 0


def test_each_class_is_in_every_fold_where_rows_stand_alone():
    scores = one_true(2, 100)

    folds = deal_folds(scores, np.arange(100), 5)

    counts = np.array([np.bincount(folds[scores.classes == index], minlength=5) for index in range(4)])
    assert (counts.max(axis=1) - counts.min(axis=1) <= 1).all()


def test_the_standard_error_of_independent_rows_is_the_usual_one_and_copies_tell_nothing_new():
    values = np.random.default_rng(0).normal(size=50)

    alone = standard_error(values, np.arange(50))
    copied = standard_error(np.repeat(values, 4), np.repeat(np.arange(50), 4))

    assert alone == pytest.approx(values.std(ddof=1) / np.sqrt(50))
    assert copied == pytest.approx(alone)


def test_errors_of_a_perfect_and_a_worst_answer():
    targets = np.array([0, 1])

    perfect = calibration_errors(np.eye(2), targets)
    worst = calibration_errors(np.eye(2)[::-1], targets)

    assert (perfect.expected, perfect.classwise, perfect.brier_score) == (0, 0, 0)
    assert (worst.expected, worst.classwise, worst.brier_score) == (1, 1, 2)


def test_the_loss_of_the_errors_is_that_of_evaluation():
    scores = one_true(11, 200)

    measured = measure_calibration(scores, Temperature(value=2.0), "test")

    assert measured.before.negative_log_likelihood == pytest.approx(negative_log_likelihood(scores))
    assert measured.after.negative_log_likelihood == pytest.approx(
        negative_log_likelihood(scores, Temperature(value=2.0))
    )


@pytest.mark.parametrize(
    "logits, match",
    [
        pytest.param(np.full((30, 4), np.nan), "NaN or infinite logits for 30 of 30", id="NaN"),
        pytest.param(np.empty((0, 4)), "nothing to calibrate on", id="no rows"),
    ],
)
def test_what_cannot_be_calibrated_on_is_refused(logits, match):
    with pytest.raises(DatasetError, match=match):
        fit_calibration(as_scores(logits, np.zeros(len(logits), np.int64)))
