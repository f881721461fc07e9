import pytest

from measured import measured, row
from sightline.dataset import Quarantined
from sightline.quality import find_issues


@pytest.mark.parametrize(
    "path, content, is_wrong",
    [
        pytest.param("a.png", "JPEG", True, id="a JPEG named png"),
        pytest.param("a.JPG", "PNG", True, id="a PNG named JPG"),
        pytest.param("a.jfif", "JPEG", False, id="jfif is JPEG"),
        pytest.param("a.JPE", "JPEG", False, id="JPE is JPEG"),
        pytest.param("a.tif", "TIFF", False, id="tif is TIFF"),
        pytest.param("a.tiff", "TIFF", False, id="tiff is TIFF"),
        pytest.param("a", "JPEG", False, id="no extension claims nothing"),
        pytest.param("b.png/a", "JPEG", False, id="a folder's name claims nothing"),
        pytest.param("a.2024", "JPEG", False, id="no format of pictures"),
    ],
)
def test_a_name_is_held_against_the_content(path: str, content: str, is_wrong: bool) -> None:
    found = [
        one for one in find_issues(measured([row(path, format=content)])) if one.kind == "wrong_extension"
    ]

    assert bool(found) is is_wrong


def test_a_wrong_extension_is_told_with_the_content() -> None:
    dataset = measured([row("a.PNG", format="JPEG"), row("b.png", format="PNG")])

    found = next(one for one in find_issues(dataset) if one.kind == "wrong_extension")

    assert [(one.path, one.detail) for one in found.findings] == [("a.PNG", "a JPEG named .png")]


def test_files_set_aside_are_grouped_by_reason_the_most_frequent_first() -> None:
    aside = [
        Quarantined("1", "empty", "Nothing in it."),
        Quarantined("2", "truncated", "Cut off."),
        Quarantined("3", "truncated", "Cut off."),
    ]

    found = next(one for one in find_issues(measured([row("a")], quarantine=aside)) if one.kind == "corrupt")

    assert [one.path for one in found.findings] == ["2", "3", "1"]
    assert [one.family for one in found.findings] == [0, 0, 1]
    assert found.findings[2].detail == "empty: Nothing in it."


def test_without_a_quarantine_nothing_is_corrupt() -> None:
    assert "corrupt" not in {one.kind for one in find_issues(measured([row("a")]))}
