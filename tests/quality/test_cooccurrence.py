import pytest

from measured import Row, measured, row
from sightline.quality.cooccurrence import Cooccurrence, count_cooccurrence


def counted(*labels: tuple[str, ...]) -> Cooccurrence | None:
    given: list[Row] = [row(f"{number:03}.jpg", *names) for number, names in enumerate(labels)]
    return count_cooccurrence(measured(given))


def test_single_labels_do_not_go_together() -> None:
    assert counted(("a",), ("b",)) is None


def test_pairs_are_counted_both_ways_and_labels_on_the_diagonal() -> None:
    together = counted(("a", "b", "c"), ("a", "b"), ("a",))

    assert together is not None
    assert (together.several, together.labels) == (2, ("a", "b", "c"))
    assert together.counts == ((3, 2, 1), (2, 2, 1), (1, 1, 1))


def test_lift_says_how_much_more_often_than_by_chance() -> None:
    together = counted(*[("a", "b")] * 5, *[("a",)] * 5, *[("c",)] * 10)

    assert together is not None
    pair = together.pairs[0]
    assert (pair.first, pair.second, pair.count) == ("a", "b", 5)
    assert pair.lift == pytest.approx((5 / 20) / (10 / 20 * 5 / 20))
    assert (pair.second_given_first, pair.first_given_second) == (0.5, 1.0)


def test_pairs_seen_four_times_are_not_ranked() -> None:
    together = counted(*[("a", "b")] * 4, *[("b", "c")] * 5)

    assert together is not None
    assert [(pair.first, pair.second) for pair in together.pairs] == [("b", "c")]


def test_of_many_labels_the_matrix_holds_the_most_frequent() -> None:
    names = [(f"l{number:02}", "x") for number in range(50)]

    together = counted(*names, ("l49", "l48"))

    assert together is not None
    assert len(together.labels) == 40
    assert {"x", "l48", "l49"} <= set(together.labels)
    row_of_x = together.counts[together.labels.index("x")]
    assert row_of_x[together.labels.index("x")] == 50
    assert row_of_x[together.labels.index("l49")] == 1
