import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from sightline.errors import InputError
from sightline.evaluation import Sampling
from sightline.evaluation.comparison import Comparison, compare, paired_p_value
from sightline.evaluation.comparison.paired import paired_difference
from sightline.records import DecisionRule, Scores

SOFTMAX, SIGMOID = DecisionRule(), DecisionRule(activation="sigmoid")
LABELS = ("crack", "good", "hole")


def scores_of(logits, targets, labels=LABELS):
    ids = tuple(f"{row}.png" for row in range(len(logits)))
    return Scores(
        np.asarray(logits, np.float32), np.zeros((len(logits), 1), np.float32), targets, ids, labels
    )


def pair(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 3, rows)
    logits = rng.normal(size=(rows, 3))
    logits[np.arange(rows), targets] += 1.2
    return scores_of(logits + rng.normal(0, 0.7, (rows, 3)), targets), scores_of(logits, targets)


@pytest.mark.parametrize(
    "first_only, second_only, expected",
    [(150, 86, 3.716e-05), (1, 1, 1.0), (0, 0, 1.0), (5, 0, 0.0625), (25, 15, None)],
    ids=["approval ratings, Agresti 2002", "even", "never apart", "few", "more"],
)
def test_the_test_of_single_pictures_is_mcnemars_exact_one(first_only, second_only, expected):
    differences = np.array([1] * first_only + [-1] * second_only + [0] * 50)

    found = paired_p_value(differences)

    if first_only + second_only:
        exact = stats.binomtest(min(first_only, second_only), first_only + second_only).pvalue
        assert found == pytest.approx(min(1.0, exact))
    if expected is not None:
        assert found == pytest.approx(expected, rel=0.01)


def test_the_test_of_groups_is_the_permutation_test_of_scipy():
    differences = np.array([3, -1, 2, 0, 2, 1, -1, 4, 0, 1])

    expected = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", alternative="two-sided", n_resamples=np.inf
    )

    assert paired_p_value(differences) == pytest.approx(expected.pvalue)


def test_very_many_discordant_pictures_are_tested_by_the_normal_distribution():
    differences = np.array([1] * 12_300 + [-1] * 12_000)

    assert paired_p_value(differences) == pytest.approx(stats.binomtest(12_000, 24_300).pvalue, rel=0.02)


def test_the_interval_of_a_paired_difference_is_the_published_one():
    """Bonett & Price 2012: n12 = 6, n21 = 2 of 40: (7 − 3)/42 ± 1.96 √((p12 + p21 − (p12 − p21)²)/42)."""
    found = paired_difference(6, 2, 40)

    assert found is not None
    p12, p21 = 7 / 42, 3 / 42
    half = 1.959964 * np.sqrt((p12 + p21 - (p12 - p21) ** 2) / 42)
    assert (found.value, found.low, found.high) == pytest.approx((0.1, p12 - p21 - half, p12 - p21 + half))
    assert paired_difference(0, 0, 0) is None


def test_the_table_of_right_and_wrong_and_the_differences_are_counted():
    one, other = pair()

    found = compare(one, SOFTMAX, other, SOFTMAX, Sampling())

    right, other_right = (s.logits.argmax(axis=1) == s.targets for s in (one, other))
    f1, other_f1 = (
        metrics.f1_score(s.targets, s.logits.argmax(axis=1), average="macro") for s in (one, other)
    )
    assert found.only_this == np.sum(right & ~other_right) == len(found.better)
    assert found.only_other == np.sum(other_right & ~right) == len(found.worse)
    assert found.both_right + found.both_wrong + found.only_this + found.only_other == 300
    assert found.accuracy.value == pytest.approx(right.mean() - other_right.mean())
    assert found.macro_f1.value == pytest.approx(f1 - other_f1)
    assert found.macro_f1.low < found.macro_f1.value < found.macro_f1.high
    assert found.p_value == pytest.approx(
        stats.binomtest(found.only_this, found.only_this + found.only_other).pvalue
    )
    recalls = metrics.recall_score(one.targets, one.logits.argmax(axis=1), average=None)
    assert [change.recall for change in found.per_class] == pytest.approx(recalls)
    assert Comparison.model_validate_json(found.model_dump_json()) == found


def test_pictures_that_got_worse_are_named_the_surest_mistake_first():
    one, other = pair()

    worse = compare(one, SOFTMAX, other, SOFTMAX, Sampling()).worse

    row = int(worse[0].id.removesuffix(".png"))
    assert worse[0].truth == worse[0].other_answer == (LABELS[one.targets[row]],)
    assert worse[0].answer == (LABELS[one.logits[row].argmax()],) != worse[0].truth
    sure = [changed.probability for changed in worse]
    assert sure == sorted(sure, reverse=True)


def test_the_order_of_the_others_labels_does_not_matter():
    one, other = pair()
    turned = scores_of(
        other.logits[:, [2, 0, 1]], np.array([1, 2, 0])[other.targets], ("hole", "crack", "good")
    )

    found, expected = (compare(one, SOFTMAX, two, SOFTMAX, Sampling()) for two in (turned, other))

    assert found.per_class == expected.per_class
    assert found.macro_f1 == expected.macro_f1
    assert [(one.id, one.other_answer) for one in found.worse] == [
        (one.id, one.other_answer) for one in expected.worse
    ]


def test_an_engine_compared_with_itself_differs_by_nothing_within_an_interval():
    one, _ = pair(60)

    for sampling in (Sampling(), Sampling.of_groups(np.arange(60) // 3)):
        found = compare(one, SOFTMAX, one, SOFTMAX, sampling)

        assert found.p_value == 1.0
        assert found.worse == found.better == ()
        first = found.per_class[0]
        for estimate in (
            found.accuracy,
            found.macro_f1,
            first.recall_change,
            first.precision_change,
            first.f1_change,
        ):
            assert estimate.low < estimate.value == 0.0 < estimate.high


def test_changes_of_precision_and_f1_have_intervals_of_the_paired_bootstrap():
    one, other = pair()

    found = compare(one, SOFTMAX, other, SOFTMAX, Sampling())

    for changed in found.per_class:
        for name in ("precision", "f1"):
            change = getattr(changed, f"{name}_change")
            assert change.value == pytest.approx(getattr(changed, name) - getattr(changed, f"other_{name}"))
            assert change.low < change.value < change.high
            assert change.method == "bootstrap"


def test_groups_widen_the_interval_and_weaken_the_evidence():
    one, other = pair(80, seed=2)
    rows = np.repeat(np.arange(80), 5)
    alone, grouped = (
        compare(
            *(part for s in (one, other) for part in (scores_of(s.logits[rows], s.targets[rows]), SOFTMAX)),
            sampling,
        )
        for sampling in (Sampling(), Sampling.of_groups(rows))
    )
    single = compare(one, SOFTMAX, other, SOFTMAX, Sampling())

    assert grouped.p_value == pytest.approx(single.p_value)
    assert alone.p_value < grouped.p_value
    assert (grouped.accuracy.high - grouped.accuracy.low) / (alone.accuracy.high - alone.accuracy.low) > 1.8


def test_several_labels_are_right_where_all_are():
    rng = np.random.default_rng(0)
    truth = (rng.random((200, 3)) < 0.4).astype(np.uint8)
    logits = rng.normal(size=(200, 3)) + 2.0 * truth - 1
    one, other = scores_of(logits + rng.normal(0, 1, (200, 3)), truth), scores_of(logits, truth)

    found = compare(one, SIGMOID, other, SIGMOID, Sampling())

    right = ((one.logits >= 0) == truth).all(axis=1)
    assert found.both_right + found.only_this == right.sum()
    assert found.worse[0].probability is None
    assert set(found.worse[0].answer) != set(found.worse[0].truth)


def test_what_cannot_be_compared_is_said():
    one, other = pair()
    renamed = scores_of(other.logits, other.targets, ("crack", "good", "dent"))
    fewer = scores_of(other.logits[:10], other.targets[:10])
    several = scores_of(other.logits, np.zeros((300, 3), np.uint8))

    with pytest.raises(InputError, match="the other does not know hole; only the other knows dent"):
        compare(one, SOFTMAX, renamed, SOFTMAX, Sampling())
    with pytest.raises(InputError, match="other pictures"):
        compare(one, SOFTMAX, fewer, SOFTMAX, Sampling())
    with pytest.raises(InputError, match="one is multiclass, the other multilabel"):
        compare(one, SOFTMAX, several, SIGMOID, Sampling())
