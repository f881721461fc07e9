from collections import Counter

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from sightline.inference import NearestImages, SingleScores
from sightline.lifecycle.strangers import choose_rows, fit_reference
from sightline.lifecycle.strangers.fit_reference import low_rank, shrunk_covariance
from sightline.records import Scores


def scores(count=120, size=20, classes=3, several=False, seed=0):
    rng = np.random.default_rng(seed)
    targets = np.arange(count) % classes
    centres = rng.normal(1, 0.5, (classes, size))
    embeddings = (centres[targets] + 0.2 * rng.normal(size=(count, size))).astype(np.float32)
    hot = np.eye(classes, dtype=np.uint8)[targets]
    return Scores(
        logits=rng.normal(size=(count, classes)).astype(np.float32),
        embeddings=embeddings,
        targets=hot if several else targets,
        ids=tuple(f"{row}.png" for row in range(count)),
        labels=tuple("abc"[:classes]),
    )


def digests(count=120):
    return [f"{row:064x}" for row in range(count)]


@pytest.mark.parametrize("shape", [(30, 80), (500, 12), (10, 10)], ids=str)
def test_the_shrinkage_is_that_of_scikit_learn(shape):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=shape) * np.linspace(0.2, 2, shape[1])

    expected = LedoitWolf(assume_centered=True).fit(rows).covariance_

    assert shrunk_covariance(rows) == pytest.approx(expected, rel=1e-9)


def test_embeddings_that_are_all_the_same_have_a_covariance_that_can_be_inverted():
    same = scores()
    same.embeddings[:] = same.embeddings[0]

    reference = fit_reference(same, digests())

    assert (reference.variances > 0).all()
    assert reference.residual_variance > 0
    distances = SingleScores(reference, NearestImages(reference), 1).score(
        "mahalanobis", same.logits, same.embeddings
    )
    assert np.isfinite(distances).all()


def test_all_directions_give_the_covariance_back():
    covariance = shrunk_covariance(np.random.default_rng(0).normal(size=(40, 9)))

    vectors, variances, _ = low_rank(covariance, 64)

    assert vectors @ np.diag(variances) @ vectors.T == pytest.approx(covariance)


def test_few_directions_keep_the_whole_variance():
    covariance = shrunk_covariance(np.random.default_rng(0).normal(size=(40, 9)) * np.arange(1, 10))

    vectors, variances, residual = low_rank(covariance, 3)

    assert vectors.shape == (9, 3)
    assert (np.diff(variances) <= 0).all()
    assert variances.sum() + 6 * residual == pytest.approx(np.trace(covariance))


def test_the_reference_holds_what_it_was_made_from():
    train = scores()

    reference = fit_reference(train, digests())

    assert reference.ids == train.ids
    assert reference.sha256 == tuple(digests())
    assert reference.embeddings == pytest.approx(train.embeddings, rel=1e-3)
    units = train.embeddings / np.linalg.norm(train.embeddings, axis=1, keepdims=True)
    means = [units[train.classes == label].mean(axis=0) for label in range(3)]
    assert reference.means == pytest.approx(np.stack(means), abs=1e-3)


def test_with_several_labels_there_is_the_mean_of_all():
    reference = fit_reference(scores(several=True), digests())

    assert reference.task == "multilabel"
    assert reference.means.shape == (1, 20)


def test_embeddings_beyond_half_precision_stay_finite():
    large = scores()
    large.embeddings[:] *= 1e6

    assert np.isfinite(fit_reference(large, digests()).embeddings).all()


def test_few_images_are_all_taken():
    assert choose_rows(["a", "b", "a"], most=10, seed=0).tolist() == [0, 1, 2]


def test_rare_strata_give_all_they_have_and_common_ones_share_the_rest():
    strata = ["common"] * 500 + ["usual"] * 200 + ["rare"] * 7

    rows = choose_rows(strata, most=107, seed=0)

    assert np.array_equal(rows, np.unique(rows))
    assert Counter(strata[row] for row in rows) == {"rare": 7, "common": 50, "usual": 50}


def test_a_seed_chooses_the_same_images_and_another_seed_others():
    strata = ["a"] * 300

    first, same, other = (choose_rows(strata, most=50, seed=seed).tolist() for seed in (1, 1, 2))

    assert first == same != other
