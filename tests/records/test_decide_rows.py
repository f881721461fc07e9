import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sightline.records import (
    CAUSES,
    NEVER,
    VERDICTS,
    Curve,
    DecisionRule,
    Isotonic,
    Platt,
    PredictionSets,
    Temperature,
    VectorScaling,
    expected_costs,
    set_scores,
)

CURVE = Curve(logits=(-1.0, 0.5, 2.0), probabilities=(0.1, 0.4, 0.8))
RULES = {
    "temperature": DecisionRule(calibration=Temperature(value=0.37)),
    "vector": DecisionRule(
        calibration=VectorScaling(scales=(1.0, 2.0, 0.3, 1.1, 0.9), shifts=(0.1, -2.0, 0.7, 0.0, 3.0)),
        alarm_thresholds=(None, 0.05, None, 0.2, None),
        accept_thresholds=(0.5, 0.3, 0.9, NEVER, 0.0),
        sets=PredictionSets(kind="aps", coverage=0.9, threshold=0.6),
    ),
    "costs": DecisionRule(
        costs=tuple(tuple(float((3 * t + a) % 7) for a in range(5)) for t in range(5)),
        accept_thresholds=(0.5,) * 5,
    ),
    "platt": DecisionRule(
        activation="sigmoid",
        calibration=Platt(slopes=(0.5, 1.0, 2.0, 0.1, 3.0), intercepts=(0.0, 1.0, -1.0, 0.3, 0.1)),
        label_thresholds=(0.5, 0.4, 0.9, 0.2, 0.7),
        review_from=(0.3, 0.4, 0.1, 0.2, 0.6),
    ),
    "isotonic": DecisionRule(activation="sigmoid", calibration=Isotonic(curves=(CURVE,) * 5)),
}


def verdicts(rule, probabilities):
    decided = rule.decide_rows(np.atleast_2d(np.asarray(probabilities, float)))
    words = [(VERDICTS[v], CAUSES[c]) for v, c in zip(decided.verdicts, decided.causes, strict=True)]
    return decided, words


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@given(st.integers(0, 10_000), st.integers(2, 40))
def test_one_row_is_decided_as_among_many(rule, seed, rows):
    logits = np.random.default_rng(seed).normal(scale=4, size=(rows, 5)).astype(np.float32)
    together = rule.probabilities(logits)
    decided = rule.decide_rows(together)

    for row in range(rows):
        alone = rule.probabilities(logits[row : row + 1])
        own = rule.decide_rows(alone)
        assert alone[0].tolist() == together[row].tolist()
        assert own.labels[0] == decided.labels[row]
        assert own.verdicts[0] == decided.verdicts[row]
        assert own.causes[0] == decided.causes[row]
        assert own.present[0].tolist() == decided.present[row].tolist()


@pytest.mark.parametrize("rule", [RULES["temperature"], RULES["vector"]], ids=["temperature", "vector"])
@given(st.integers(0, 10_000))
def test_probabilities_of_one_true_label_sum_to_1(rule, seed):
    logits = np.random.default_rng(seed).normal(scale=50, size=(7, 5)).astype(np.float32)

    assert rule.probabilities(logits).sum(axis=1) == pytest.approx(np.ones(7))


@pytest.mark.parametrize("rule", [RULES["platt"], RULES["isotonic"]], ids=["platt", "isotonic"])
@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=2, max_size=9))
def test_a_label_s_probability_never_falls_as_its_logit_rises(rule, values):
    logits = np.repeat(np.sort(np.array(values, np.float32))[:, None], 5, axis=1)

    probabilities = rule.probabilities(logits)

    assert (np.diff(probabilities, axis=0) >= 0).all()
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_a_curve_interpolates_and_goes_on_level():
    rule = DecisionRule(activation="sigmoid", calibration=Isotonic(curves=(CURVE,)))
    logits = np.array([[-9.0], [-1.0], [-0.25], [0.5], [2.0], [9.0]], np.float32)

    assert rule.probabilities(logits)[:, 0] == pytest.approx([0.1, 0.1, 0.25, 0.4, 0.8, 0.8])


def test_an_alarm_is_the_answer_though_another_is_more_probable_and_of_two_the_louder():
    rule = DecisionRule(alarm_thresholds=(0.1, 0.02, None))

    decided, _ = verdicts(rule, [[0.15, 0.01, 0.84], [0.15, 0.04, 0.81], [0.09, 0.01, 0.9]])

    assert decided.labels.tolist() == [0, 1, 2]
    assert decided.present.tolist() == [[True, False, False], [False, True, False], [False, False, True]]


@given(st.floats(1e-9, 1.0), st.integers(0, 2))
def test_an_alarm_is_raised_from_its_threshold_on(threshold, steps):
    rule = DecisionRule(alarm_thresholds=(threshold, None))
    below = threshold
    for _ in range(steps):
        below = float(np.nextafter(below, 0.0))

    decided, _ = verdicts(rule, [[below, 2.0]])

    assert decided.labels[0] == (0 if steps == 0 else 1)


def test_the_answer_is_the_one_of_least_expected_cost_and_an_alarm_goes_before_it():
    # To call a crack (0) free (1) costs 20 times what the opposite costs.
    costs = ((0.0, 20.0), (1.0, 0.0))
    probabilities = np.array([[0.04, 0.96], [0.06, 0.94]])

    plain, _ = verdicts(DecisionRule(costs=costs), probabilities)
    alarmed, _ = verdicts(DecisionRule(costs=costs, alarm_thresholds=(None, 0.5)), probabilities)

    assert expected_costs(probabilities, np.array(costs)) == pytest.approx(probabilities @ np.array(costs))
    assert plain.labels.tolist() == [1, 0]
    assert alarmed.labels.tolist() == [1, 1]


def test_where_costs_differ_by_rounding_alone_the_answer_is_the_same_however_many_rows_there_are():
    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet(np.ones(40), 300)
    probabilities[::2] = 1 / 40  # with the same costs in another order, every answer costs the same
    costs = np.stack([rng.permutation(np.linspace(0.1, 3.3, 40)) for _ in range(40)], axis=1)
    rule = DecisionRule(costs=tuple(map(tuple, costs.tolist())))

    together = rule.decide_rows(probabilities).labels.tolist()
    alone = [int(rule.decide_rows(row[np.newaxis]).labels[0]) for row in probabilities]

    assert together == alone
    assert together == expected_costs(probabilities, costs).argmin(axis=1).tolist()


def test_acceptance_is_by_the_threshold_of_the_answer():
    rule = DecisionRule(accept_thresholds=(0.5, 0.9, NEVER))

    _, words = verdicts(rule, [[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.0, 0.0, 1.0]])

    assert words == [("accept", "threshold"), ("review", "threshold"), ("review", "threshold")]


def test_without_an_operating_point_everything_is_accepted_and_says_so():
    _, words = verdicts(DecisionRule(), [[0.34, 0.33, 0.33]])

    assert words == [("accept", "no_operating_point")]


def test_labels_within_their_bands_send_a_picture_to_review():
    rule = DecisionRule(activation="sigmoid", label_thresholds=(0.5, 0.8), review_from=(0.5, 0.3))

    decided, words = verdicts(rule, [[0.6, 0.1], [0.6, 0.3], [0.1, 0.79], [0.4, 0.2], [0.1, 0.8]])

    assert words == [
        ("accept", "threshold"),
        ("review", "uncertain_label"),
        ("review", "uncertain_label"),
        ("accept", "no_label"),
        ("accept", "threshold"),
    ]
    assert decided.present.tolist() == [
        [True, False],
        [True, False],
        [False, False],
        [False, False],
        [False, True],
    ]


def test_without_bands_a_picture_without_labels_goes_to_review():
    _, words = verdicts(DecisionRule(activation="sigmoid"), [[0.4, 0.2], [0.5, 0.2]])

    assert words == [("review", "no_label"), ("accept", "threshold")]


def test_sets_hold_what_conforms_and_always_the_most_probable_label():
    probabilities = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])

    lac = PredictionSets(kind="lac", coverage=0.9, threshold=0.7).members(probabilities)
    aps = PredictionSets(kind="aps", coverage=0.9, threshold=0.65).members(probabilities)
    none = PredictionSets(kind="lac", coverage=0.9, threshold=0.0).members(probabilities)

    assert lac.tolist() == [[True, True, False], [False, True, True]]
    assert set_scores(probabilities, "aps")[0] == pytest.approx([0.0, 0.6, 0.9])
    assert aps.tolist() == [[True, True, False], [False, True, True]]
    assert none.tolist() == [[True, False, False], [False, False, True]]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_reads_back_as_written(rule):
    assert DecisionRule.model_validate_json(rule.model_dump_json()) == rule
    assert list(rule.misfits(5)) == []


@pytest.mark.parametrize(
    "fields, match",
    [
        ({"costs": ((0.0, 1.0),)}, "costs must be square"),
        ({"costs": ((0.0, float("nan")), (1.0, 0.0))}, "finite"),
        ({"alarm_thresholds": (0.0,)}, "greater than 0"),
        ({"accept_thresholds": (2.5,)}, "less than or equal to 2"),
        (
            {"calibration": {"kind": "platt", "slopes": (1.0,), "intercepts": (0.0,)}},
            "platt does not go with softmax",
        ),
        (
            {"activation": "sigmoid", "calibration": {"kind": "vector", "scales": (1.0,), "shifts": (0.0,)}},
            "vector does not",
        ),
        (
            {"activation": "sigmoid", "sets": {"kind": "lac", "coverage": 0.9, "threshold": 0.1}},
            "sets belong to softmax",
        ),
        ({"activation": "sigmoid", "review_from": (0.1,)}, "review_from needs label_thresholds"),
        (
            {"activation": "sigmoid", "label_thresholds": (0.3,), "review_from": (0.4,)},
            "must not lie above the threshold",
        ),
        (
            {"calibration": {"kind": "vector", "scales": (1.0, 2.0), "shifts": (0.0,)}},
            "2 values stand beside 1",
        ),
        ({"calibration": {"kind": "spline"}}, "spline"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(fields, match):
    with pytest.raises(ValidationError, match=match):
        DecisionRule.model_validate(fields)


@pytest.mark.parametrize(
    "points, match",
    [
        (((0.0, 0.0), (0.1, 0.2)), "must rise"),
        (((0.0, 1.0), (0.2, 0.1)), "must not fall"),
        (((0.0, 1.0), (0.0, 0.5)), "greater than 0"),
    ],
)
def test_curves_rise_and_claim_no_certainty(points, match):
    with pytest.raises(ValidationError, match=match):
        Curve(logits=points[0], probabilities=points[1])


def test_a_rule_for_another_number_of_labels_is_told():
    assert list(RULES["vector"].misfits(4)) == [
        "vector for 5 labels, not 4",
        "5 thresholds for 4 labels",
        "5 thresholds for 4 labels",
    ]
    assert next(RULES["costs"].misfits(4)) == "5 rows of costs for 4 labels"
