import numpy as np
import pytest

from bundles import LABELS, make_bundle
from pictures import encode, gradient
from sightline.inference import decide, load, replay_golden
from sightline.records import NEVER, DecisionRule, PredictionSets

COSTS = ((0.0, 20.0, 20.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0))
EVEN = (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    "rule, probabilities, label, verdict, reason",
    [
        pytest.param(
            DecisionRule(alarm_thresholds=(0.05, None, None)),
            [0.06, 0.9, 0.04],
            "crack",
            "accept",
            "0.0600 reaches the alarm threshold 0.0500 of 'crack'. No operating point has been chosen: every answer is "
            "accepted.",
            id="alarm",
        ),
        pytest.param(
            DecisionRule(alarm_thresholds=(0.05, None, None), accept_thresholds=EVEN),
            [0.06, 0.9, 0.04],
            "crack",
            "review",
            "0.0600 reaches the alarm threshold 0.0500 of 'crack'. 0.0600 is below the threshold 0.5000 of 'crack'.",
            id="alarm to review",
        ),
        pytest.param(
            DecisionRule(costs=COSTS, accept_thresholds=(0.1, 0.5, 0.5)),
            [0.2, 0.7, 0.1],
            "crack",
            "accept",
            "'crack' has the least expected cost, 0.8. 0.2000 reaches the threshold 0.1000 of 'crack'.",
            id="cost",
        ),
        pytest.param(
            DecisionRule(accept_thresholds=(NEVER, 0.5, 0.5)),
            [1.0, 0.0, 0.0],
            "crack",
            "review",
            "Answers of 'crack' always go to review.",
            id="never accepted",
        ),
        pytest.param(
            DecisionRule(activation="sigmoid", label_thresholds=(0.8, 0.7, 0.6), review_from=(0.4, 0.5, 0.6)),
            [0.5, 0.65, 0.9],
            "hole",
            "review",
            "0.6500 is between 0.5000 and the threshold 0.7000 of 'good', as 1 more are.",
            id="band",
        ),
        pytest.param(
            DecisionRule(activation="sigmoid", label_thresholds=EVEN, review_from=(0.4, 0.4, 0.4)),
            [0.1, 0.2, 0.3],
            "hole",
            "accept",
            "No label reaches even the probability from which it would be reviewed.",
            id="nothing to be seen",
        ),
    ],
)
def test_the_reason_names_threshold_and_probability(rule, probabilities, label, verdict, reason):
    answer = decide(np.array(probabilities), rule, LABELS)

    assert (answer.first.label, answer.verdict, answer.reason) == (label, verdict, reason)


def test_the_answer_of_an_alarm_is_the_label_though_the_first_candidate_is_another():
    answer = decide(
        np.array([0.06, 0.9, 0.04]), DecisionRule(alarm_thresholds=(0.05, None, None)), LABELS, top_k=1
    )

    assert answer.labels == ("crack",)
    assert answer.first.probability == 0.06
    assert [one.label for one in answer.candidates] == ["good"]


def test_the_set_lists_its_labels_the_most_probable_first():
    sets = PredictionSets(kind="lac", coverage=0.9, threshold=0.8)

    with_sets = decide(np.array([0.2, 0.75, 0.05]), DecisionRule(sets=sets), LABELS)
    without = decide(np.array([0.2, 0.75, 0.05]), DecisionRule(), LABELS)

    assert with_sets.label_set == ("good", "crack")
    assert without.label_set is None


def test_a_bundle_s_answers_follow_its_alarm_and_its_golden_pictures_agree(tmp_path):
    rule = DecisionRule(
        alarm_thresholds=(None, None, 1e-12),
        accept_thresholds=EVEN,
        sets=PredictionSets(kind="aps", coverage=0.9, threshold=2.0),
    )
    predictor = load(make_bundle(tmp_path / "tiles", decision=rule))

    replay_golden(predictor.bundle, predictor.engine)
    prediction = predictor.predict(encode(gradient()))

    assert prediction.labels == (prediction.label,) == ("hole",)
    assert prediction.reason.startswith(
        f"{prediction.probability:.4f} reaches the alarm threshold 0.0000 of 'hole'."
    )
    assert set(prediction.label_set) == set(LABELS)
