import numpy as np
import pytest

from sightline.errors import InputError
from sightline.evaluation import Sampling, evaluate
from sightline.evaluation.comparison import compare
from sightline.evaluation.gates import Drop, GateResult, Limit, check_gates, judge_gates, read_gate
from sightline.records import DecisionRule, Scores

LABELS = ("crack", "good", "hole [old]", "never")
RULE = DecisionRule()


def scores_of(answers, targets):
    logits = np.eye(4)[np.asarray(answers)] * 4
    rows = len(targets)
    return Scores(
        logits.astype(np.float32),
        np.zeros((rows, 1), np.float32),
        np.asarray(targets),
        tuple(map(str, range(rows))),
        LABELS,
    )


# crack: 3 of 4 right; good: 4 of 4; hole: 1 of 2; nothing is of the last class.
TRUTH = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
SCORES = scores_of([0, 0, 0, 1, 1, 1, 1, 1, 2, 0], TRUTH)
EVALUATION = evaluate(SCORES, RULE, Sampling(resamples=50))


def judged(text, comparisons=None):
    (result,) = judge_gates([read_gate(text)], EVALUATION, "multiclass", comparisons or {})
    return result


@pytest.mark.parametrize(
    "text, gate",
    [
        (
            "macro_f1>=0.9",
            Limit(text="macro_f1>=0.9", figure="macro_f1", label=None, operator=">=", limit=0.9),
        ),
        (
            " recall[hole [old]] > 95 % ",
            Limit(
                text=" recall[hole [old]] > 95 % ",
                figure="recall",
                label="hole [old]",
                operator=">",
                limit=0.95,
            ),
        ),
        (
            "brier_score<1e-1",
            Limit(text="brier_score<1e-1", figure="brier_score", label=None, operator="<", limit=0.1),
        ),
        (
            "no class recall drop > 0.02 against my bundles/tiles 7",
            Drop(
                text="no class recall drop > 0.02 against my bundles/tiles 7",
                figure="recall",
                per_class=True,
                most=0.02,
                bundle="my bundles/tiles 7",
            ),
        ),
        (
            "No macro_f1 drop>1% against old",
            Drop(
                text="No macro_f1 drop>1% against old",
                figure="macro_f1",
                per_class=False,
                most=0.01,
                bundle="old",
            ),
        ),
    ],
    ids=["plain", "of a class", "exponent", "drop by class", "drop overall"],
)
def test_a_gate_is_read(text, gate):
    assert read_gate(text) == gate


@pytest.mark.parametrize(
    "text", ["", "macro_f1", "macro_f1=0.9", "macro_f1>=x", ">=0.9", "recall[]>=1", "a b>=1"]
)
def test_what_is_no_gate_gets_the_grammar(text):
    with pytest.raises(InputError, match="A gate is 'FIGURE >= NUMBER'"):
        read_gate(text)


@pytest.mark.parametrize(
    "text, message",
    [
        ("macro_fl>=0.9", r"no figure 'macro_fl'. Did you mean 'macro_f1'\? There are accuracy, "),
        ("recal[crack]>=0.9", r"no figure of a class 'recal'. Did you mean 'recall'\?"),
        ("recall>=0.9", r"It is one of a class: recall\[CLASS\]"),
        ("recall[crck]>=0.9", r"no class 'crck'. Did you mean 'crack'\? There are crack, good"),
        ("macro_f1[crack]>=0.9", "no figure of a class 'macro_f1'"),
        ("mean_cost<=3", "give --cost FILE"),
        ("exact_match>=0.5", "no figure 'exact_match'"),
    ],
)
def test_a_gate_about_nothing_is_refused_before_anything_is_scored(text, message):
    with pytest.raises(InputError, match=message):
        check_gates([read_gate(text)], LABELS, "multiclass")


@pytest.mark.parametrize(
    "text, message",
    [
        ("calibration_error<=3", r"lies between 0 and 1\. Did you mean 3%, which is 0\.03\?"),
        ("no accuracy drop > 2 against old", r"a drop of accuracy lies between -1 and 1\. Did you mean 2%"),
        ("macro_f1>=90", r"limit 90, and macro_f1 lies between 0 and 1\. Did you mean 90%, which is 0\.9\?"),
        ("macro_f1>=-1", r"limit -1, and macro_f1 lies between 0 and 1\.$"),
        ("recall[*]>=101%", r"limit 1\.01, and recall lies between 0 and 1\.$"),
        ("recall[crack]>=500", r"between 0 and 1\.$"),
        ("brier_score<=2.5", r"between 0 and 2\.$"),
        ("negative_log_likelihood<=-1", "is at least 0"),
    ],
)
def test_a_limit_that_no_figure_can_reach_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        check_gates([read_gate(text)], LABELS, "multiclass")


@pytest.mark.parametrize(
    "text",
    [
        "count>=500",
        "support[*]>=20",
        "mean_cost<=-3",
        "brier_score<=1.5",
        "negative_log_likelihood<=7",
        "no accuracy drop > -1% against old",
    ],
)
def test_limits_within_reach_are_taken(text):
    check_gates([read_gate(text)], LABELS, "multiclass", with_costs=True)


def test_a_limit_too_large_for_a_number_is_refused():
    with pytest.raises(InputError, match="'1e999' of a gate is too large a number"):
        read_gate("count>=1e999")


def test_a_drop_of_nothing_is_no_drop_of_minus_nothing():
    same = compare(SCORES, RULE, SCORES, RULE, Sampling(resamples=50))

    said = judged("no accuracy drop > 0.1 against old", {"old": same}).said

    assert said.startswith("drop of accuracy is 0 [")


def test_a_drop_of_what_has_no_drop_is_refused():
    with pytest.raises(InputError, match="by class may be of recall, precision, f1, not of 'map'"):
        read_gate("no class map drop > 0.1 against old")


@pytest.mark.parametrize(
    "text, passed, margin",
    [
        ("accuracy>=0.8", True, 0.0),
        ("accuracy>0.8", False, 0.0),
        ("accuracy>=0.81", False, -0.01),
        ("recall[good]>=0.99", True, 0.01),
        ("recall[hole [old]]>=0.6", False, -0.1),
        ("count<=9", False, -1),
        ("support[crack]>=4", True, 0),
    ],
)
def test_a_limit_is_kept_or_missed_by_so_much(text, passed, margin):
    found = judged(text)

    assert found.passed is passed
    assert found.margin == pytest.approx(margin)
    assert GateResult.model_validate_json(found.model_dump_json()) == found


def test_every_class_must_keep_a_limit_and_the_worst_is_named():
    found = judged("recall[*]>=0.8")

    assert not found.passed
    assert found.figure == "recall[hole [old]]"
    assert set(found.failing) == {"recall[crack]", "recall[hole [old]]"}
    assert "also beyond it: recall[crack]" in found.said
    assert "1 classes have no picture" in found.said


def test_the_sentence_says_whether_the_interval_contains_the_limit():
    unsure, sure = judged("accuracy>=0.85"), judged("accuracy>=0.999")

    assert (unsure.sure, sure.sure) == (False, True)
    assert "the interval contains the limit" in unsure.said
    assert "the interval contains" not in sure.said


def test_a_gate_without_anything_to_judge_by_does_not_pass():
    found = judged("recall[never]>=0.1")

    assert not found.passed
    assert found.value is None
    assert "cannot be judged" in found.said


def test_a_drop_against_another_bundle_names_the_class_that_fell():
    other = scores_of(TRUTH, TRUTH)
    comparison = compare(SCORES, RULE, other, RULE, Sampling(resamples=50))

    by_class, overall, kept = (
        judged(text, {"old": comparison})
        for text in (
            "no class recall drop > 0.3 against old",
            "no accuracy drop > 0.1 against old",
            "no class precision drop > 0.5 against old",
        )
    )

    assert (by_class.passed, by_class.figure, by_class.value) == (False, "drop of recall[hole [old]]", 0.5)
    assert by_class.failing == ("drop of recall[hole [old]]",)
    assert (overall.passed, overall.value) == (False, pytest.approx(0.2))
    assert overall.estimate.low < 0.2 < overall.estimate.high
    assert kept.passed
