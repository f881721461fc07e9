import pytest

from measured import measured, row, rows
from sightline.cli.findings import print_report
from sightline.dataset import Dataset, Quarantined
from sightline.quality import check_dataset


def printed(dataset: Dataset, capsys: pytest.CaptureFixture[str]) -> str:
    print_report(check_dataset(dataset, None, at=""))
    return capsys.readouterr().out


def test_each_issue_is_a_line_with_its_severity_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    given = [row("0.jpg", split="train", group="g"), row("1.jpg", split="test", group="g")]

    text = printed(measured(given), capsys)

    assert text.startswith("Repair this set before training.")
    assert "error   leaks 1: With a twin in another split: 1 of 1 test picture." in text
    assert "1.jpg ~ 0.jpg  (the same group)" in text
    assert "warning few_images 1:" in text


def test_names_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    wild = "[bold]\x1b[2J"
    aside = Quarantined(wild, "corrupt", "broken: badly")

    text = printed(
        measured([row(f"{wild}1", wild, sha256="s"), row("2", sha256="s")], quarantine=[aside]), capsys
    )

    assert "\x1b" not in text
    assert "[bold]\\x1b[2J" in text
    assert "(corrupt)" in text


def test_of_many_classes_the_largest_and_the_smallest_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    given = [one for number in range(50) for one in rows(number + 1, f"c{number:02}", prefix=f"{number}-")]

    text = printed(measured(given), capsys)

    assert "c49" in text
    assert "c00" in text
    assert "c25" not in text
    assert "… and 30 classes in between." in text
