import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.evaluation.calibration import expected_calibration_error, reliability_bins


def slow_calibration_error(confidence: list[float], right: list[bool]) -> float:
    """Straight from the definition in Guo et al. 2017: bin m holds ((m-1)/15, m/15]."""
    total = 0.0
    for low, high in zip(np.linspace(0, 1, 16)[:-1], np.linspace(0, 1, 16)[1:], strict=True):
        inside = [index for index, value in enumerate(confidence) if low < value <= high]
        if inside:
            accuracy = sum(right[index] for index in inside) / len(inside)
            mean = sum(confidence[index] for index in inside) / len(inside)
            total += len(inside) / len(confidence) * abs(accuracy - mean)
    return total


def calibration_error(confidence: list[float], right: list[bool]) -> float:
    return expected_calibration_error(reliability_bins(np.asarray(confidence), np.asarray(right, bool)))


def test_a_case_worked_out_by_hand() -> None:
    # Bin 14 of 15 holds 0.90 and 0.92 (one right of two): |0.5 − 0.91| × 2/4. Bin 9 holds 0.55 and 0.57
    # (both right): |1 − 0.56| × 2/4.
    found = calibration_error([0.90, 0.92, 0.55, 0.57], [True, False, True, True])

    assert found == pytest.approx(0.41 / 2 + 0.44 / 2)


@given(st.lists(st.tuples(st.floats(1e-6, 1), st.booleans()), min_size=1, max_size=80))
def test_any_case_agrees_with_the_definition_written_as_a_loop(rows: list[tuple[float, bool]]) -> None:
    confidence, right = [row[0] for row in rows], [row[1] for row in rows]

    assert calibration_error(confidence, right) == pytest.approx(slow_calibration_error(confidence, right))


def test_a_confidence_on_an_edge_belongs_to_the_bin_below_it() -> None:
    edges = np.linspace(0, 1, 16)[1:]

    bins = reliability_bins(edges, np.ones(15, bool))

    assert [one.count for one in bins] == [1] * 15
    assert [one.mean_confidence for one in bins] == pytest.approx([one.high for one in bins])


def test_certainty_that_is_right_has_no_error_and_that_is_wrong_has_all_of_it() -> None:
    assert calibration_error([1.0] * 5, [True] * 5) == 0.0
    assert calibration_error([1.0] * 5, [False] * 5) == 1.0


def test_empty_bins_say_none_rather_than_a_number() -> None:
    first = reliability_bins(np.array([0.99]), np.array([True]))[0]

    assert (first.count, first.mean_confidence, first.accuracy) == (0, None, None)
