import dataclasses

import numpy as np
import pytest

from bundles import LABELS, make_bundle, reseal, tiny_graph
from pictures import encode, gradient
from sightline.bundle import EXPECTED_FILE, pack_golden, unpack_golden
from sightline.errors import GoldenMismatch
from sightline.images import preprocess_image
from sightline.inference import OnnxEngine, decide, load, open_session, replay_golden, verify_bundle
from sightline.records import DecisionRule, Temperature

PLAIN = DecisionRule(activation="sigmoid", calibration=Temperature(value=1.5))


def chosen(*thresholds: float) -> DecisionRule:
    return DecisionRule(activation="sigmoid", label_thresholds=thresholds)


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("several") / "tiles", decision=PLAIN)


def test_a_prediction_s_probabilities_are_the_sigmoid_of_each_logit(several):
    predictor = load(several)
    data = encode(gradient())

    prediction = predictor.predict(data)

    pixels = preprocess_image(data, predictor.bundle.manifest.preprocessing)
    (logits,) = OnnxEngine(open_session(tiny_graph(), "tiny")).run(pixels[None], ["logits"])
    expected = dict(zip(LABELS, 1 / (1 + np.exp(-logits[0].astype(float) / 1.5)), strict=True))
    found = {one.label: one.probability for one in prediction.candidates}
    assert found == pytest.approx(expected, abs=1e-6)
    assert sum(found.values()) != pytest.approx(1, abs=0.01)
    assert set(prediction.labels) == {label for label, probability in expected.items() if probability >= 0.5}
    assert prediction.task == "multilabel"


def test_a_prediction_of_one_label_says_so_in_the_same_words(bundle):
    prediction = load(bundle).predict(encode(gradient()))

    assert prediction.task == "multiclass"
    assert prediction.labels == (prediction.label,)


@pytest.mark.parametrize(
    "rule, labels, verdict, reason",
    [
        (
            chosen(0.6, 0.1, 0.9),
            ("crack", "good"),
            "accept",
            "2 labels reach their thresholds: 'crack', 'good'.",
        ),
        (chosen(0.7, 0.9, 0.9), ("crack",), "accept", "1 label reaches its threshold: 'crack'."),
        (chosen(0.8, 0.9, 0.9), (), "review", "No label reaches its threshold."),
        (
            DecisionRule(activation="sigmoid"),
            ("crack",),
            "accept",
            "No thresholds have been chosen, so 0.5 holds for all; 1 label reaches it: 'crack'.",
        ),
    ],
    ids=["two", "one", "none", "no thresholds"],
)
def test_every_label_that_reaches_its_threshold_is_in_the_answer(rule, labels, verdict, reason):
    answer = decide(np.array([0.7, 0.2, 0.1]), rule, LABELS)

    assert (answer.labels, answer.verdict, answer.reason) == (labels, verdict, reason)


def test_labels_come_by_probability_and_are_not_cut_with_the_candidates():
    answer = decide(np.array([0.6, 0.9, 0.8]), DecisionRule(activation="sigmoid"), LABELS, top_k=1)

    assert answer.labels == ("good", "hole", "crack")
    assert [one.label for one in answer.candidates] == ["good"]


def test_many_labels_are_counted_rather_than_listed():
    labels = tuple(f"label {index}" for index in range(9))

    answer = decide(np.linspace(0.9, 0.6, 9), chosen(*[0.5] * 9), labels)

    assert answer.reason == "9 labels reach their thresholds: 'label 0', 'label 1', 'label 2' and 6 more."


def test_such_a_bundle_verifies_with_its_golden_images(several):
    checks = verify_bundle(several)

    assert {check.outcome for check in checks} == {"passed"}
    assert "multilabel, 3 labels" in next(check.detail for check in checks if check.name == "graph")


def test_golden_images_notice_another_set_of_labels(several, tmp_path):
    recorded = unpack_golden((several / EXPECTED_FILE).read_bytes())
    altered = dataclasses.replace(recorded, labels=np.array(["crack|good|hole|more"] * len(recorded.labels)))
    changed = reseal(several, tmp_path / "changed", {EXPECTED_FILE: pack_golden(altered)})
    predictor = load(changed)

    with pytest.raises(GoldenMismatch, match=r"recorded was 'crack\|good\|hole\|more', accept"):
        replay_golden(predictor.bundle, predictor.engine)


def test_an_answer_without_labels_is_recorded_and_replayed(tmp_path):
    nothing = make_bundle(tmp_path / "nothing", decision=chosen(1.0, 1.0, 1.0))
    predictor = load(nothing)

    replay_golden(predictor.bundle, predictor.engine)

    recorded = unpack_golden((nothing / EXPECTED_FILE).read_bytes())
    assert set(recorded.labels.tolist()) == {""}
    assert set(recorded.verdicts.tolist()) == {"review"}
