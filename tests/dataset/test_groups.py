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


def test_a_kept_column_of_the_table_may_give_the_group() -> None:
    files = [
        Listed("a", ("good",), extra={"patient": "7", "site": "x"}),
        Listed("b", ("good",)),
        Listed("c", ("good",), group="mine", extra={"patient": "7"}),
    ]

    assert [file.group for file in assign_groups(files, "column:patient")] == ["7", None, "mine"]


def test_numbers_in_the_column_of_groups_form_chains_too() -> None:
    files = [Listed(name, ("good",), group=name) for name in ("10", "12", "40")]

    assert [file.group for file in assign_groups(files, "column:group", 5)] == ["10-12", "10-12", "40-40"]


def test_a_column_that_is_not_there_is_told_with_those_that_are() -> None:
    files = [
        Listed("a", ("good",), group="p", extra={"site": "x"}),
        Listed("b", ("good",), extra={"line": "7"}),
    ]

    with pytest.raises(
        DatasetError, match=r"'column:patient' finds no cell.*columns are: group, line, site\."
    ):
        assign_groups(files, "column:patient")
    with pytest.raises(DatasetError, match="The files come with no columns"):
        groups(["good/a"], "column:group")


@pytest.mark.parametrize(
    "group_by, expected",
    [
        pytest.param("folder:1", ["good", "crack", None], id="first"),
        pytest.param("folder:2", ["day 1", "day 1", None], id="second"),
        pytest.param("folder:-1", ["cam", "day 1", None], id="that of the file"),
        pytest.param("folder:-3", ["good", None, None], id="third from the file"),
    ],
)
def test_a_level_of_the_folders_may_give_the_group(group_by: str, expected: list[str | None]) -> None:
    assert groups(["good/day 1/cam/a.png", "crack/day 1/b.png", "c.png"], group_by) == expected


def test_a_level_deeper_than_every_path_is_told_with_the_deepest() -> None:
    with pytest.raises(DatasetError, match="no path has so many folders. The deepest is 'x/y/a', with 2"):
        groups(["x/a", "x/y/a"], "folder:3")


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
        pytest.param("folder:0", None, "names no level.*folder:1 .*folder:-1", id="level zero"),
        pytest.param("folder:first", None, "names no level", id="level in words"),
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
