"""From pixels to `reject`, and the proof of it in the golden images."""

from dataclasses import replace

import numpy as np
import pytest

from bundles import make_bundle, outlier_rule, reseal
from pictures import encode, gradient
from sightline.bundle import (
    EXPECTED_FILE,
    REFERENCE_FILE,
    pack_golden,
    pack_reference,
    read_bundle,
    unpack_golden,
    unpack_reference,
    write_bundle,
)
from sightline.errors import BundleCorrupt, GoldenMismatch
from sightline.inference import load, open_engine, open_outlier_scorer, replay_golden
from sightline.records import DecisionRule

BLACK = encode(np.zeros((40, 40, 3), np.uint8))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("strange") / "tiles", outliers=outlier_rule())


def expected_of(bundle):
    return unpack_golden((bundle / EXPECTED_FILE).read_bytes())


def test_a_strange_picture_is_rejected_and_the_reason_has_score_and_threshold(bundle):
    answer = load(bundle).predict(BLACK)

    assert answer.decision == "reject"
    assert answer.outlier_score > 1
    assert answer.reason == (
        "The picture is unlike the training images: its outlier score (mahalanobis), "
        f"{answer.outlier_score:.4g}, is above the threshold 1."
    )
    assert answer.label in load(bundle).bundle.manifest.labels


def test_a_usual_picture_is_answered_and_has_its_score(bundle):
    answer = load(bundle).predict(encode(gradient()))

    assert answer.decision == "accept"
    assert 0 <= answer.outlier_score <= 1


def test_a_strange_picture_of_several_labels_is_rejected_too(tmp_path):
    rule = DecisionRule(activation="sigmoid")
    several = make_bundle(tmp_path / "several", decision=rule, outliers=outlier_rule())

    assert load(several).predict(BLACK).decision == "reject"
    assert load(several).predict(encode(gradient())).decision != "reject"


def test_without_a_rule_nothing_is_rejected_and_there_is_no_score(tmp_path):
    answer = load(make_bundle(tmp_path / "plain")).predict(BLACK)

    assert (answer.decision, answer.outlier_score) == ("accept", None)


def test_golden_images_record_scores_and_a_rejected_stranger(bundle):
    expected = expected_of(bundle)

    assert expected.verdicts.tolist() == ["accept", "accept", "reject"]
    assert np.array_equal(expected.outlier_scores > 1, [False, False, True])


def test_golden_images_of_a_bundle_without_a_rule_have_no_scores(tmp_path):
    assert np.isnan(expected_of(make_bundle(tmp_path / "plain")).outlier_scores).all()


@pytest.mark.parametrize(
    "change, found",
    [
        ({"outlier_scores": lambda a: a + 0.01}, "outlier scores apart"),
        ({"outlier_scores": lambda a: a * np.nan}, "outlier scores apart"),
        ({"verdicts": lambda a: np.full_like(a, "accept")}, "recorded was 'crack', accept"),
    ],
    ids=["score", "none", "verdict"],
)
def test_a_replay_that_parts_in_strangeness_is_found_in_the_decision(bundle, tmp_path, change, found):
    expected = expected_of(bundle)
    values = {name: alter(getattr(expected, name)) for name, alter in change.items()}
    changed = {EXPECTED_FILE: pack_golden(replace(expected, **values))}
    opened = read_bundle(reseal(bundle, tmp_path / "other", changed))

    with pytest.raises(GoldenMismatch, match=found) as mismatch:
        replay_golden(opened, open_engine(opened))

    assert mismatch.value.stage == "decision"


def test_another_reference_than_the_thresholds_were_made_for_is_found(bundle, tmp_path):
    opened = read_bundle(bundle)
    sizes = {"embedding_size": 4, "label_count": 3, "task": "multiclass"}
    reference = unpack_reference(opened.read(REFERENCE_FILE), **sizes)
    wider = pack_reference(replace(reference, residual_variance=0.02))
    other = read_bundle(reseal(bundle, tmp_path / "other", {REFERENCE_FILE: wider}))

    with pytest.raises(GoldenMismatch, match="outlier scores apart"):
        replay_golden(other, open_engine(other))


def test_a_rule_without_the_reference_that_it_needs_is_no_bundle(bundle, tmp_path):
    opened = read_bundle(bundle)
    files = {name: opened.read(name) for name in opened.manifest.files if name != REFERENCE_FILE}
    records = {name: opened.manifest.files[name] for name in files}
    write_bundle(tmp_path / "bare", opened.manifest.model_copy(update={"files": records}), files)

    with pytest.raises(BundleCorrupt, match=r"outliers need reference\.npz"):
        read_bundle(tmp_path / "bare")


def test_the_scorer_of_a_bundle_gives_what_its_answers_say(bundle):
    opened = read_bundle(bundle)
    predictor = load(bundle)
    expected = expected_of(bundle)

    scores = open_outlier_scorer(opened).scores(expected.logits, expected.embedding)

    names = sorted(name for name in opened.manifest.files if name.startswith("golden/0"))
    answers = [predictor.predict(opened.read(name)).outlier_score for name in names]
    assert scores == pytest.approx(answers, rel=1e-3)
