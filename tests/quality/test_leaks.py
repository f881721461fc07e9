import pytest

from measured import Row, measured, row, twins
from sightline.dataset.duplicates import NearDuplicates
from sightline.quality import Finding, find_issues


def leaks(given: list[Row], near: NearDuplicates | None = None) -> list[Finding]:
    issues = [one for one in find_issues(measured(given), near) if one.kind == "leaks"]
    return [finding for issue in issues for finding in issue.findings]


@pytest.mark.parametrize(
    "tie, words",
    [
        ({"sha256": "s"}, "the same picture"),
        ({"pixels_digest": "p"}, "the same picture"),
        ({"group": "g"}, "the same group"),
    ],
    ids=["bytes", "pixels", "group"],
)
def test_a_twin_in_another_split_is_a_leak(tie: dict[str, str], words: str) -> None:
    found = leaks([row("0.jpg", split="test", **tie), row("1.jpg", split="train", **tie)])

    assert [(one.path, one.related, one.detail) for one in found] == [("0.jpg", "1.jpg", words)]
    assert found[0].family is None


def test_a_near_duplicate_in_another_split_is_a_leak_listed_by_its_nearest() -> None:
    given = [row("0.jpg", split="val"), row("1.jpg", split="train"), row("2.jpg", split="train")]

    found = leaks(given, twins(3, (0, 1, 0.93), (0, 2, 0.98)))

    assert [(one.path, one.related, one.value) for one in found] == [("0.jpg", "2.jpg", 0.98)]


def test_between_val_calibration_and_test_pictures_leak_as_well() -> None:
    given = [row("0.jpg", split="calibration", group="g"), row("1.jpg", split="test", group="g")]

    assert [(one.path, one.related) for one in leaks(given)] == [("1.jpg", "0.jpg")]


@pytest.mark.parametrize("split", ["train", "excluded", None])
def test_twins_in_one_split_or_in_none_do_not_leak(split: str | None) -> None:
    given = [row("0.jpg", split=split, group="g"), row("1.jpg", split="train", group="g")]  # type: ignore[arg-type]

    assert leaks(given, twins(2, (0, 1, 0.99))) == []


def test_a_picture_leaks_once_by_its_closest_tie() -> None:
    given = [
        row("0.jpg", split="train", sha256="s", group="g"),
        row("1.jpg", split="test", sha256="s", group="g"),
    ]

    found = leaks(given, twins(2, (0, 1, 1.0)))

    assert [one.detail for one in found] == ["the same picture"]


def test_the_summary_says_how_much_of_each_split_leaks() -> None:
    given = [row(f"{n}.jpg", split="test", group=str(n)) for n in range(4)] + [
        row("x.jpg", split="train", group="2")
    ]

    issue = next(one for one in find_issues(measured(given)) if one.kind == "leaks")

    assert issue.severity == "error"
    assert issue.summary.startswith("With a twin in another split: 1 of 4 test pictures.")
