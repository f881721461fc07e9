import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.errors import RecipeError
from sightline.evaluation.operating import Aim, Wishes, check_wishes, contradictions, read_aim, read_rate
from sightline.evaluation.operating.aims import for_labels

LABELS = ("crack", "free", "break (old)")


@pytest.mark.parametrize(
    "text, aim",
    [
        ("recall(crack) >= 0.99", Aim("recall", "crack", 0.99)),
        ("  precision( free )≥99.5%", Aim("precision", "free", 0.995)),
        ("recall(break (old)) >= 0.9", Aim("recall", "break (old)", 0.9)),
        ("accuracy >= 0.98", Aim("accuracy", None, 0.98)),
        ("max_f1", Aim("max_f1")),
    ],
)
def test_an_aim_is_read_and_written_back(text, aim):
    assert read_aim(text) == aim
    assert read_aim(str(aim)) == aim


@pytest.mark.parametrize(
    "text, match",
    [
        ("recall(crack) > 0.99", "is no aim; an aim is one of recall"),
        ("f1(crack) >= 0.9", "is no aim"),
        ("recall(crack) >= 1", "must lie above 0 and below 1"),
        ("recall(crack) >= nan", "must lie above 0 and below 1"),
        ("recall(crack) >= much", "asks for much"),
        ("", "'' is no aim"),
    ],
)
def test_what_is_no_aim_is_refused_with_what_may_be_written(text, match):
    with pytest.raises(ValueError, match=match):
        read_aim(text)


@pytest.mark.parametrize("order", [1, -1], ids=["the one first", "the star first"])
def test_a_star_stands_for_every_label_and_what_is_said_of_one_goes_before_it(order):
    found = for_labels([read_aim("recall(crack) >= 0.99"), read_aim("recall(*) >= 0.9")][::order], LABELS)

    assert [str(aim) for aim in found] == [
        "recall(crack) >= 0.99",
        "recall(free) >= 0.9",
        "recall(break (old)) >= 0.9",
    ]


@pytest.mark.parametrize(
    "aims, match",
    [
        (["recall(scratch) >= 0.9"], "names 'scratch', and the labels are crack, free, break"),
        (["recall(crak) >= 0.9"], "Did you mean 'crack'"),
        (["recall(crack) >= 0.9", "recall(crack) >= 0.8"], "two aims for the same"),
        (["recall(crack) >= 0.9", "recall(crack) >= 0.9"], "'recall.crack. >= 0.9' is there twice"),
        (["recall(*) >= 0.9", "recall(*) >= 0.8"], "two aims for the same"),
        (["accuracy >= 0.9", "accuracy >= 0.8"], "two aims for the same"),
        (["max_f1", "max_f1"], "'max_f1' is there twice"),
    ],
)
def test_aims_that_cannot_be_meant_are_refused(aims, match):
    with pytest.raises(RecipeError, match=match):
        check_wishes(Wishes(aims=tuple(read_aim(aim) for aim in aims)), LABELS, "multiclass")


def test_all_that_is_wrong_with_wishes_is_told_at_once():
    aims = ("recall(crack) >= 0.9", "recall(crack) >= 0.8", "precision(x) >= 0.9", "max_f1")
    costs = ((0.0, 1.0), (1.0, 0.0))
    wishes = Wishes(aims=tuple(map(read_aim, aims)), costs=costs, priority=("y",), traffic=3.0)

    with pytest.raises(RecipeError, match="has 6 mistakes") as caught:
        check_wishes(wishes, LABELS, "multiclass")

    assert [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]] == [
        "decision.aims",
        "decision.costs",
        "decision.traffic",
        "decision.aims",
        "decision.priority",
        "decision.costs",
    ]


@pytest.mark.parametrize(
    "text, a_day", [("200/day", 200), ("1_000 / hour", 24_000), ("70/week", 10), ("2.5/day", 2.5)]
)
def test_a_rate_is_pictures_a_day(text, a_day):
    assert read_rate(text) == pytest.approx(a_day)


@given(st.text(max_size=12))
def test_any_text_is_a_rate_or_is_refused(text):
    with contextlib.suppress(ValueError):
        assert read_rate(text) >= 0


@pytest.mark.parametrize(
    "wishes, match",
    [
        (Wishes(review_capacity=200), "review_capacity is given without traffic"),
        (Wishes(traffic=200), "traffic is given without review_capacity"),
        (Wishes(review_capacity=300, traffic=200), "everything can be looked at"),
        (Wishes(review_capacity=0, traffic=0), "traffic must be above 0"),
        (Wishes(priority=("crack",)), "give review_capacity and traffic"),
        (Wishes(priority=("crack",) * 2, review_capacity=1, traffic=2), "names 'crack' twice"),
        (Wishes(aims=(Aim("max_f1"),), costs=((0.0,) * 3,) * 3), "Keep one of the two"),
    ],
    ids=[
        "no traffic",
        "no capacity",
        "more than comes",
        "no pictures",
        "priority alone",
        "twice",
        "costs, F1",
    ],
)
def test_wishes_that_contradict_themselves_are_told(wishes, match):
    [found] = contradictions(wishes)
    assert match in found.problem
    with pytest.raises(RecipeError, match=match):
        check_wishes(wishes, LABELS, "multiclass")


@pytest.mark.parametrize(
    "wishes, task, match",
    [
        (Wishes(aims=(Aim("recall", "x", 0.9),)), "multiclass", "names 'x'"),
        (Wishes(priority=("x",), review_capacity=1, traffic=2), "multiclass", "priority: names 'x'"),
        (Wishes(costs=((0, 1), (1, 0))), "multiclass", "2 rows; 3 labels need 3 rows"),
        (Wishes(costs=((0, 1, 1),) * 3), "multilabel", "costs is for the task multiclass"),
        (Wishes(sets="lac"), "multilabel", "sets is for the task multiclass"),
    ],
)
def test_wishes_are_checked_against_labels_and_task_before_anything_is_trained(wishes, task, match):
    with pytest.raises(RecipeError, match=match):
        check_wishes(wishes, LABELS, task)


def test_wishes_are_put_into_words():
    wishes = Wishes(
        aims=(Aim("recall", "crack", 0.99), Aim("max_f1")),
        review_capacity=200,
        traffic=10_000,
        priority=("crack",),
        sets="aps",
    )

    assert wishes.in_words() == (
        "recall(crack) >= 0.99; max_f1; recall first of crack; at most 200 of 10000 a day to review; "
        "aps sets that hold the truth in 0.95"
    )
