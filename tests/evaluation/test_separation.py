import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from sightline.evaluation import false_positive_rate, outlier_auroc


def scores(seed, ties):
    rng = np.random.default_rng(seed)
    usual, strange = rng.normal(0, 1, 211), rng.normal(1, 1.5, 87)
    return (np.round(usual), np.round(strange)) if ties else (usual, strange)


@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "tied"])
@pytest.mark.parametrize("seed", range(3))
def test_the_area_is_that_of_scikit_learn(seed, ties):
    usual, strange = scores(seed, ties)

    truth = np.r_[np.zeros(len(usual)), np.ones(len(strange))]
    assert outlier_auroc(usual, strange) == pytest.approx(roc_auc_score(truth, np.r_[usual, strange]))


@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "tied"])
@pytest.mark.parametrize("rate", [0.5, 0.8, 0.95, 1.0])
def test_the_false_positive_rate_is_that_of_scikit_learn(rate, ties):
    usual, strange = scores(4, ties)

    truth = np.r_[np.ones(len(usual)), np.zeros(len(strange))]
    false, true, _ = roc_curve(truth, -np.r_[usual, strange], drop_intermediate=False)
    assert false_positive_rate(usual, strange, rate) == pytest.approx(false[np.argmax(true >= rate)])


def test_scores_that_part_completely_have_an_area_of_1_and_no_false_positives():
    usual, strange = np.arange(20.0), np.arange(20.0, 25.0)

    assert outlier_auroc(usual, strange) == 1
    assert outlier_auroc(strange, usual) == 0
    assert false_positive_rate(usual, strange) == 0


def test_scores_that_are_all_equal_say_nothing():
    assert outlier_auroc(np.ones(5), np.ones(3)) == 0.5
    assert false_positive_rate(np.ones(5), np.ones(3)) == 1
