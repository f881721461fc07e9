import hashlib

import numpy as np
import pytest

from bundles import LABELS, make_bundle, outlier_rule
from pictures import encode, gradient
from sightline.bundle import read_bundle
from sightline.inference import load, open_nearest
from sightline.records import DecisionRule


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("nearest") / "tiles", outliers=outlier_rule())


@pytest.mark.parametrize("row, height", list(enumerate((48, 56, 64))), ids=LABELS)
def test_a_training_image_is_its_own_nearest(bundle, row, height):
    picture = encode(gradient(64, height))

    first, second = load(bundle).predict(picture, neighbours=2).neighbours

    assert first.id == f"{LABELS[row]}/{row}.png"
    assert first.sha256 == hashlib.sha256(picture).hexdigest()
    assert first.labels == (LABELS[row],)
    assert first.distance == pytest.approx(0, abs=2e-3)  # the reference keeps float16
    assert first.distance <= second.distance <= 2


def test_no_more_are_named_than_there_are(bundle):
    assert len(load(bundle).predict(encode(gradient()), neighbours=50).neighbours) == 3


def test_none_are_named_unless_asked_for(bundle):
    assert load(bundle).predict(encode(gradient())).neighbours is None


def test_a_bundle_without_reference_names_none(tmp_path):
    plain = make_bundle(tmp_path / "plain")

    assert open_nearest(read_bundle(plain)) is None
    assert load(plain).predict(encode(gradient()), neighbours=3).neighbours == ()


def test_all_labels_of_a_neighbour_are_named_where_there_may_be_several(tmp_path):
    rule = DecisionRule(activation="sigmoid")
    several = make_bundle(tmp_path / "several", decision=rule, outliers=outlier_rule())

    (first,) = load(several).predict(encode(gradient(64, 56)), neighbours=1).neighbours

    assert first.labels == ("good",)


def test_distances_are_those_of_vectors_of_length_1(bundle):
    nearest = open_nearest(read_bundle(bundle))
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(5, 4)).astype(np.float32)

    ours = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    theirs = nearest.reference.embeddings.astype(np.float32)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    expected = np.linalg.norm(ours[:, None] - theirs[None], axis=2)
    assert np.stack([nearest.distances(one) for one in embeddings]) == pytest.approx(expected, abs=1e-3)
