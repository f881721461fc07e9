import numpy as np
import pytest
from scipy import stats

from sightline.evaluation import Sampling
from sightline.evaluation.slices import SliceFindings, benjamini_hochberg, find_slices, fisher_less
from sightline.evaluation.slices.significance import measure_share
from sightline.records import Scores


def scores_of(targets, labels=("crack", "good")):
    rows = len(targets)
    return Scores(
        np.zeros((rows, len(labels)), np.float32),
        np.zeros((rows, 1), np.float32),
        np.asarray(targets),
        tuple(map(str, range(rows))),
        labels,
    )


@pytest.mark.parametrize("table", [(3, 10, 40, 50), (0, 5, 5, 5), (7, 7, 30, 31), (12, 40, 700, 900)])
def test_fishers_test_is_that_of_scipy(table):
    right, count, rest_right, rest_count = table

    expected = stats.fisher_exact(
        [[right, count - right], [rest_right, rest_count - rest_right]], alternative="less"
    )

    assert fisher_less(*table) == pytest.approx(expected.pvalue)


def test_adjusted_p_values_are_those_of_scipy_and_of_the_paper():
    """The fifteen p-values of Benjamini & Hochberg 1995, section 3.2: four are significant at 0.05."""
    small = (0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459)
    published = np.array((*small, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0))
    shuffled = np.random.default_rng(0).permutation(published)

    assert (benjamini_hochberg(published) <= 0.05).sum() == 4
    np.testing.assert_allclose(benjamini_hochberg(shuffled), stats.false_discovery_control(shuffled))
    assert benjamini_hochberg(np.array([])).shape == (0,)


def test_a_bad_camera_is_found_and_comes_first():
    rng = np.random.default_rng(0)
    camera = rng.choice(["left", "middle", "right"], 600)
    brightness = rng.random(600)
    right = rng.random(600) < np.where(camera == "middle", 0.6, 0.95)

    found = find_slices(
        scores_of(rng.integers(0, 2, 600)), right, {"camera": camera, "brightness": brightness}, Sampling()
    )

    assert [(one.column, one.value) for one in found.worse] == [("camera", "middle")]
    assert found.tried == 2 + 3 + 4
    worst = found.slices[0]
    assert worst.accuracy.value == pytest.approx(right[camera == "middle"].mean())
    assert worst.gap == pytest.approx(right[camera != "middle"].mean() - worst.accuracy.value)
    assert SliceFindings.model_validate_json(found.model_dump_json()) == found


def test_chance_alone_is_called_worse_no_more_often_than_stated():
    rng = np.random.default_rng(1)
    false_alarms = 0
    for _ in range(200):
        right = rng.random(400) < 0.8
        columns = {f"column {index}": rng.choice(list("abcdefgh"), 400) for index in range(5)}
        false_alarms += bool(
            find_slices(scores_of(rng.integers(0, 2, 400)), right, columns, Sampling()).worse
        )

    assert false_alarms <= 18


def test_groups_that_are_wrong_together_are_no_finding():
    rng = np.random.default_rng(2)
    alarms = {"alone": 0, "grouped": 0}
    for _ in range(60):
        groups = np.repeat(np.arange(40), 10)
        right = np.repeat(rng.random(40) < 0.8, 10)
        place = np.repeat(rng.choice(list("abcd"), 40), 10)
        scores = scores_of(np.repeat(rng.integers(0, 2, 40), 10))
        for name, sampling in (("alone", Sampling()), ("grouped", Sampling.of_groups(groups))):
            alarms[name] += bool(find_slices(scores, right, {"place": place}, sampling).worse)

    assert alarms["alone"] > 30
    assert alarms["grouped"] <= 6


def test_the_design_effect_is_the_size_of_groups_that_agree_throughout():
    right = np.repeat([True, False, True, True] * 25, 6)

    found = measure_share(right, np.arange(600), Sampling.of_groups(np.repeat(np.arange(100), 6)))

    assert found.units == 100
    assert found.design_effect == pytest.approx(6 * 100 / 99)


def test_small_parts_are_left_out_and_counted():
    targets = np.array([0] * 90 + [1] * 10)
    columns = {"camera": np.array(["a"] * 50 + ["b"] * 45 + [""] * 5), "all": np.array(["x"] * 100)}

    found = find_slices(scores_of(targets), np.ones(100, bool), columns, Sampling())

    assert {(one.column, one.value) for one in found.slices} == {("camera", "a"), ("camera", "b")}
    assert found.too_small == 3
    assert found.worse == ()


def test_numbers_are_cut_at_their_quartiles_also_when_they_are_text():
    numbers = np.arange(100.0)
    numbers[7] = np.nan
    text = np.array([f"{number:g}" if np.isfinite(number) else "" for number in numbers])

    found = find_slices(
        scores_of([0, 1] * 50), np.ones(100, bool), {"size": numbers, "mass": text}, Sampling()
    )

    values = [[one.value for one in found.slices if one.column == column] for column in ("size", "mass")]
    assert sorted(values[0]) == sorted(values[1])
    assert "0 to 25 (lowest quarter)" in values[0]
    assert sum(one.count for one in found.slices if one.column == "size") == 99


def test_each_label_is_a_part_also_where_several_are_true():
    truth = np.zeros((80, 2), np.uint8)
    truth[:40, 0], truth[20:, 1] = 1, 1
    right = np.arange(80) >= 30

    found = find_slices(scores_of(truth), right, {}, Sampling())

    assert [(one.value, one.count) for one in found.worse] == [("crack", 40)]
