from pathlib import Path

import pytest

from drawing import Draw
from sightline.dataset import read_dataset
from sightline.dataset.sources.groups import assign_groups
from sightline.dataset.sources.listing import Listed
from sightline.errors import DatasetError, InputError


def groups(paths: list[str], group_by: str | None, group_gap: int | None = None) -> list[str | None]:
    files = [Listed(path, ("good",)) for path in paths]
    return [file.group for file in assign_groups(files, group_by, group_gap)]


def test_the_first_group_of_the_expression_is_the_id_and_no_match_stands_alone() -> None:
    assert groups(["x/part7_a.png", "y/part7_b.png", "y/other.png"], r"part(\d+)") == ["7", "7", None]


def test_a_group_named_group_goes_before_the_first() -> None:
    assert groups(["cam2/part7.png"], r"cam(\d)/part(?P<group>\d)") == ["7"]


def test_a_group_that_takes_no_part_in_the_match_counts_as_no_match() -> None:
    assert groups(["a1", "b"], r"a(\d)|b") == ["1", None]


def test_numbers_within_the_gap_of_their_neighbour_form_chains_whatever_their_order_or_class() -> None:
    paths = ["good/n250", "crack/n100", "good/n140", "good/n180", "good/n221", "good/n100"]

    assert groups(paths, r"n(\d+)", 40) == [
        "221-250",
        "100-180",
        "100-180",
        "100-180",
        "221-250",
        "100-180",
    ]


def test_a_gap_of_zero_joins_equal_numbers_only() -> None:
    assert groups(["n1", "n01", "n2"], r"n(\d+)", 0) == ["1-1", "1-1", "2-2"]


def test_groups_of_a_table_stand() -> None:
    files = [Listed("n1", ("good",), group="mine"), Listed("n2", ("good",))]

    assert [file.group for file in assign_groups(files, r"n(\d)")] == ["mine", "2"]


def test_text_that_is_no_number_is_shown_where_a_gap_needs_one() -> None:
    with pytest.raises(DatasetError, match="it is none in 1 paths: 'xy' in 'n_xy'"):
        groups(["n_1", "n_xy"], r"n_(\w+)", 5)


@pytest.mark.parametrize(
    "group_by, group_gap, match",
    [
        pytest.param("(", None, "no regular expression", id="broken"),
        pytest.param("num", None, "has no group", id="no group"),
        pytest.param(None, 3, "needs group_by", id="gap alone"),
        pytest.param(r"n(\d)", -1, "0 or more", id="negative gap"),
    ],
)
def test_what_cannot_be_used_is_refused(group_by: str | None, group_gap: int | None, match: str) -> None:
    with pytest.raises(InputError, match=match):
        groups(["n1"], group_by, group_gap)


def test_an_expression_that_matches_nothing_at_all_is_an_error() -> None:
    with pytest.raises(DatasetError, match="matches none of the 2 paths, the first of which is 'a'"):
        groups(["a", "b"], r"n(\d)")


def test_reading_a_folder_groups_its_samples(draw: Draw, tmp_path: Path) -> None:
    for path in ("good/n_10.png", "good/n_15.png", "crack/n_90.png"):
        draw(path)

    dataset = read_dataset(tmp_path, group_by=r"n_(\d+)", group_gap=5)

    assert [sample.group for sample in dataset.samples] == ["90-90", "10-15", "10-15"]
