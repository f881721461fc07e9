from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logsumexp, softmax
from sklearn.neighbors import NearestNeighbors

from bundles import outlier_rule
from sightline.bundle import Reference
from sightline.inference import NearestImages, OutlierScorer, SingleScores
from sightline.inference.outliers import energy, max_softmax
from sightline.records import MixPart

D, C, M = 12, 3, 40


def units(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def reference():
    rng = np.random.default_rng(0)
    embeddings = rng.normal(1, 1, (M, D)).astype(np.float16)
    targets = np.arange(M) % C
    directions, _ = np.linalg.qr(rng.normal(size=(D, 4)))
    return Reference(
        embeddings=embeddings,
        targets=targets,
        ids=tuple(f"{row}.png" for row in range(M)),
        sha256=tuple(f"{row:064x}" for row in range(M)),
        means=np.stack([units(embeddings.astype(float))[targets == c].mean(axis=0) for c in range(C)]).astype(
            np.float16
        ),
        directions=directions.astype(np.float32),
        variances=np.array([0.2, 0.1, 0.05, 0.02], np.float32),
        residual_variance=0.01,
    )


@pytest.fixture
def pictures():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 4, (300, C)).astype(np.float32)
    return logits, rng.normal(0.5, 1.5, (300, D)).astype(np.float32)


def test_max_softmax_orders_as_the_largest_probability_does(pictures):
    logits, _ = pictures

    assert max_softmax(logits, "multiclass") == pytest.approx(
        -np.log(softmax(logits.astype(float), axis=1).max(axis=1))
    )
    assert max_softmax(logits, "multilabel") == pytest.approx(
        -np.log(expit(logits.astype(float)).max(axis=1))
    )


def test_max_softmax_tells_sure_answers_apart_that_all_have_probability_1():
    logits = np.array([[60, 0, 0], [80, 0, 0]], np.float32)

    first, second = max_softmax(logits, "multiclass")

    assert softmax(logits.astype(float), axis=1).max(axis=1).tolist() == [1, 1]
    assert first >= second >= 0


def test_the_energy_is_that_of_the_papers(pictures):
    logits, _ = pictures

    assert energy(logits, "multiclass") == pytest.approx(-logsumexp(logits.astype(float), axis=1))
    assert energy(logits, "multilabel") == pytest.approx(-np.log1p(np.exp(logits.astype(float))).sum(axis=1))


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_large_logits_do_not_overflow(task):
    logits = np.array([[1e4, -1e4, 3e4]], np.float32)

    assert np.isfinite(energy(logits, task)).all()
    assert np.isfinite(max_softmax(-logits, task)).all()


@pytest.mark.parametrize("k", [1, 5, M])
def test_the_distance_to_the_kth_nearest_is_that_of_scikit_learn(reference, pictures, k):
    search = NearestNeighbors(n_neighbors=k).fit(units(reference.embeddings.astype(float)))
    expected = search.kneighbors(units(pictures[1].astype(float)))[0][:, -1]

    scores = SingleScores(reference, NearestImages(reference), k).score("knn", *pictures)

    assert scores == pytest.approx(expected, abs=1e-5)


def test_more_neighbours_than_images_means_the_farthest(reference, pictures):
    nearest = NearestImages(reference)

    assert np.array_equal(nearest.kth_distance(pictures[1], 10 * M), nearest.kth_distance(pictures[1], M))


def test_the_mahalanobis_distance_is_that_of_the_covariance_written_out(reference, pictures):
    v = reference.directions.astype(float)
    covariance = v @ np.diag(reference.variances) @ v.T + reference.residual_variance * (np.eye(D) - v @ v.T)
    apart = units(pictures[1].astype(float))[:, None] - reference.means.astype(float)
    squares = np.einsum("ncd,de,nce->nc", apart, np.linalg.inv(covariance), apart)

    scores = SingleScores(reference, NearestImages(reference), 1).score("mahalanobis", *pictures)

    assert scores == pytest.approx(np.sqrt(squares.min(axis=1)), rel=1e-4)


def test_with_several_labels_there_is_one_mean(reference, pictures):
    one = replace(
        reference,
        targets=np.ones((M, C), np.uint8),
        means=units(reference.embeddings.astype(float)).mean(axis=0, keepdims=True).astype(np.float16),
    )

    scores = SingleScores(one, NearestImages(one), 1).score("mahalanobis", *pictures)

    centre = np.tile(one.means.astype(np.float32), (2, 1)) * 3  # length does not matter, direction does
    at_centre = SingleScores(one, NearestImages(one), 1).score(
        "mahalanobis", np.zeros((2, C), np.float32), centre
    )
    assert scores.shape == (300,)
    assert at_centre.max() < scores.min()


def test_a_mix_is_the_sum_of_its_z_scores(reference, pictures):
    parts = (MixPart(kind="energy", centre=-5, spread=2), MixPart(kind="knn", centre=0.5, spread=0.1))
    singles = SingleScores(reference, NearestImages(reference), 1)

    scores = OutlierScorer(outlier_rule("mix", parts=parts), reference).scores(*pictures)

    expected = (singles.score("energy", *pictures) + 5) / 2 + (singles.score("knn", *pictures) - 0.5) / 0.1
    assert scores == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["max_softmax", "energy", "knn", "mahalanobis"])
def test_a_picture_has_the_same_score_alone_and_among_others(reference, pictures, kind):
    scorer = OutlierScorer(outlier_rule(kind), reference)
    logits, embeddings = pictures

    alone = [scorer.scores(logits[row : row + 1], embeddings[row : row + 1])[0] for row in (0, 255, 256, 299)]

    assert scorer.scores(*pictures)[[0, 255, 256, 299]].tolist() == alone


@pytest.mark.parametrize("kind", ["knn", "mahalanobis"])
def test_the_length_of_an_embedding_does_not_matter_and_none_at_all_is_strange(reference, pictures, kind):
    scorer = OutlierScorer(outlier_rule(kind), reference)
    logits, embeddings = pictures

    assert scorer.scores(logits, embeddings * 7) == pytest.approx(scorer.scores(logits, embeddings), rel=1e-4)
    dark = scorer.scores(logits[:1], np.zeros((1, D), np.float32))
    assert np.isfinite(dark).all()
    centres = reference.means.astype(np.float32)
    assert dark[0] > scorer.scores(logits[:C], centres).max()


def test_no_pictures_have_no_scores(reference):
    for kind in ("max_softmax", "energy", "knn", "mahalanobis"):
        scorer = OutlierScorer(outlier_rule(kind), reference)
        assert scorer.scores(np.empty((0, C), np.float32), np.empty((0, D), np.float32)).shape == (0,)
