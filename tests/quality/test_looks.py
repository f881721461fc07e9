import numpy as np
import pytest

from measured import Row, measured, row, rows
from sightline.dataset import Dataset
from sightline.quality import Found, find_issues
from sightline.quality.outliers import MIN_SET, modified_z_scores


def found(kind: str, given: list[Row]) -> Found | None:
    return next((one for one in find_issues(measured(given)) if one.kind == kind), None)


def paths(issue: Found | None) -> list[str]:
    return [] if issue is None else [one.path for one in issue.findings]


BEYOND_THE_LIMIT = [
    pytest.param("blurry", {"sharpness": 0.05}, {"sharpness": 0.1}, id="blurry"),
    pytest.param("dark", {"brightness_high": 0.19}, {"brightness_high": 0.21}, id="dark"),
    pytest.param("light", {"brightness_low": 0.86}, {"brightness_low": 0.84}, id="light"),
    pytest.param("low_information", {"entropy_bits": 2.9}, {"entropy_bits": 3.1}, id="low information"),
    pytest.param("odd_size", {"size_px": (31, 31)}, {"size_px": (33, 33)}, id="odd size"),
    pytest.param("odd_aspect_ratio", {"size_px": (401, 100)}, {"size_px": (100, 399)}, id="odd aspect ratio"),
]


@pytest.mark.parametrize("kind, odd, fine", BEYOND_THE_LIMIT)
def test_a_fixed_limit_holds_in_the_smallest_set(
    kind: str, odd: dict[str, object], fine: dict[str, object]
) -> None:
    assert paths(found(kind, [row("odd.jpg", **odd), row("usual.jpg")])) == ["odd.jpg"]  # type: ignore[arg-type]
    assert found(kind, [row("fine.jpg", **fine), row("usual.jpg")]) is None  # type: ignore[arg-type]


AGAINST_THE_SET = [
    pytest.param("blurry", {"sharpness": 0.2}, {"sharpness": 0.4}, id="blurry"),
    pytest.param("dark", {"brightness_high": 0.35}, {"brightness_high": 0.6}, id="dark"),
    pytest.param("light", {"brightness_low": 0.8}, {"brightness_low": 0.3}, id="light"),
    pytest.param("low_information", {"entropy_bits": 4.0}, {"entropy_bits": 6.0}, id="low information"),
    pytest.param("odd_size", {"size_px": (2000, 1500)}, {"size_px": (600, 450)}, id="large"),
    pytest.param("odd_size", {"size_px": (100, 75)}, {"size_px": (400, 300)}, id="small"),
    pytest.param("odd_aspect_ratio", {"size_px": (1000, 375)}, {"size_px": (375, 500)}, id="long"),
]


@pytest.mark.parametrize("kind, odd, fine", AGAINST_THE_SET)
def test_a_picture_is_held_against_its_set(
    kind: str, odd: dict[str, object], fine: dict[str, object]
) -> None:
    usual = rows(MIN_SET)

    assert paths(found(kind, [*usual, row("odd.jpg", **odd)])) == ["odd.jpg"]  # type: ignore[arg-type]
    assert found(kind, [*usual, row("fine.jpg", **fine)]) is None  # type: ignore[arg-type]


def test_a_small_set_does_not_say_what_is_usual() -> None:
    assert found("blurry", [*rows(MIN_SET - 2), row("odd.jpg", sharpness=0.2)]) is None


def test_the_furthest_out_comes_first() -> None:
    given = [
        row("b.jpg", sharpness=0.01),
        row("a.jpg", sharpness=0.03),
        row("c.jpg", sharpness=0.02),
        *rows(40),
    ]

    assert paths(found("blurry", given)) == ["b.jpg", "c.jpg", "a.jpg"]


def test_a_set_that_is_dark_throughout_is_told_in_one_sentence() -> None:
    issue = found("dark", rows(50, brightness_high=0.15))

    assert issue is not None
    assert (issue.severity, len(issue.findings), issue.unlisted) == ("info", 0, 50)
    assert "100% of the pictures" in issue.summary


def test_in_a_dark_set_the_darkest_is_still_listed() -> None:
    issue = found("dark", [*rows(50, brightness_high=0.15), row("black.jpg", brightness_high=0.02)])

    assert issue is not None
    assert (paths(issue), issue.unlisted) == (["black.jpg"], 50)


def test_two_kinds_of_picture_are_not_odd_to_each_other() -> None:
    given = rows(60) + rows(20, prefix="large", size_px=(2000, 1500))

    assert found("odd_size", given) is None


def test_without_measures_size_and_shape_are_still_looked_at() -> None:
    given = [row("tiny.jpg", size_px=(8, 8)), row("dark.jpg", brightness_high=0.0)]
    plain = Dataset.of(measured(given).store, ("a",), [sample for sample, _ in given])

    assert [one.kind for one in find_issues(plain)] == ["odd_size", "few_images"]


def test_modified_z_scores_are_those_of_the_book() -> None:
    # Iglewicz & Hoaglin 1993: 0.6745 (x - 6.27) / MAD; median 3, MAD 1 here.
    scores = modified_z_scores(np.array([1.0, 2.0, 3.0, 4.0, 103.0]), 0.1)

    assert scores == pytest.approx([-1.349, -0.6745, 0.0, 0.6745, 67.45])


def test_a_grey_picture_stands_out_among_coloured_ones() -> None:
    issue = found("grayscale", [*rows(19), row("grey.jpg", colourfulness=0.0)])

    assert issue is not None
    assert (issue.severity, paths(issue)) == ("warning", ["grey.jpg"])


def test_a_coloured_picture_stands_out_among_grey_ones() -> None:
    assert paths(found("grayscale", [*rows(19, colourfulness=0.0), row("blue.jpg")])) == ["blue.jpg"]


@pytest.mark.parametrize("colourfulness", [0.0, 0.1], ids=["all grey", "all coloured"])
def test_a_set_of_one_kind_is_not_mixed(colourfulness: float) -> None:
    assert found("grayscale", rows(30, colourfulness=colourfulness)) is None


def test_many_grey_pictures_are_told_in_one_sentence() -> None:
    issue = found("grayscale", rows(30) + rows(10, prefix="grey", colourfulness=0.0))

    assert issue is not None
    assert (issue.severity, len(issue.findings), issue.unlisted) == ("info", 0, 10)


def test_an_empty_picture_is_not_called_blurry_as_well() -> None:
    given = [*rows(40), row("empty.jpg", sharpness=0.0, entropy_bits=0.0)]

    assert found("blurry", given) is None
    assert paths(found("low_information", given)) == ["empty.jpg"]
