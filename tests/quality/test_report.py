import csv
import io

import pytest

from measured import measured, row, rows, twins
from sightline.dataset import Quarantined
from sightline.errors import InputError
from sightline.quality import (
    FAIL_ON,
    KINDS,
    LIST_COLUMNS,
    TITLES,
    CheckReport,
    check_dataset,
    failing,
    find_issues,
    list_findings,
    verdict,
)
from sightline.quality.report import MOST_FINDINGS


def leaking() -> CheckReport:
    given = [row("0.jpg", split="train", group="g"), row("1.jpg", split="test", group="g")]
    return check_dataset(measured(given), None, at="2026-01-01T00:00:00+00:00")


def sound() -> CheckReport:
    return check_dataset(measured(rows(100, "a") + rows(100, "b", prefix="other")), None, at="")


def test_a_report_says_what_there_is() -> None:
    dataset = measured(
        [row("0.jpg", split="train"), row("1.jpg", split="train"), row("2.jpg", split="test")],
        quarantine=[Quarantined("3.jpg", "empty", "Nothing in it.")],
    )

    report = check_dataset(dataset, twins(3, (0, 1, 0.95)), at="now", seconds=5.0)

    assert (report.files, report.usable, report.set_aside, report.units) == (4, 3, 1, 2)
    assert report.splits == {"train": 2, "test": 1}
    assert (report.location, report.dataset_digest, report.created_at) == (
        "/nowhere",
        dataset.digest(),
        "now",
    )
    assert report.clusters is not None
    assert (report.clusters.clusters, report.clusters.pictures, report.clusters.largest) == (1, 2, 2)
    assert report.seconds > 5.0


def test_a_report_survives_json() -> None:
    report = leaking()

    assert CheckReport.model_validate_json(report.model_dump_json()) == report


def test_errors_come_first() -> None:
    report = leaking()

    assert [issue.severity for issue in report.issues] == ["error", "warning"]


def test_a_report_holds_the_first_findings_and_the_list_holds_all() -> None:
    copies = [row(f"{number:04}.jpg", sha256="s") for number in range(MOST_FINDINGS + 11)]
    dataset = measured(copies)
    found = find_issues(dataset)

    issue = next(one for one in check_dataset(dataset, None, at="").issues if one.kind == "exact_duplicates")
    listed = [line for line in list_findings(found) if line[0] == "exact_duplicates"]

    assert (issue.count, len(issue.findings)) == (MOST_FINDINGS + 10, MOST_FINDINGS)
    assert [line[1] for line in listed] == [sample.path for sample, _ in copies[1:]]


def test_findings_handed_in_give_the_same_report() -> None:
    dataset, near = measured(rows(3)), twins(3, (0, 1, 0.95))

    given = check_dataset(dataset, near, at="", found=find_issues(dataset, near))

    assert given.issues == check_dataset(dataset, near, at="").issues


def test_the_list_survives_csv_whatever_the_names() -> None:
    wild = 'a "quoted", name\nwith a break.jpg'
    dataset = measured(
        [row(wild, "x|y", "z", sha256="s"), row("b.jpg", "x|y", "z", sha256="s", split="train")]
    )
    text = io.StringIO()

    csv.writer(text).writerows(list_findings(find_issues(dataset)))
    line = next(csv.reader(io.StringIO(text.getvalue())))

    assert dict(zip(LIST_COLUMNS, line, strict=True)) == {
        "kind": "exact_duplicates",
        "path": "b.jpg",
        "labels": "x|y|z",
        "split": "train",
        "related_path": wild,
        "related_labels": "x|y|z",
        "value": "1",
        "cluster": "0",
        "detail": "same bytes",
    }


@pytest.mark.parametrize(
    "fail_on, kinds",
    [
        ([], []),
        (["leaks"], ["leaks"]),
        (["blurry"], []),
        (["error"], ["leaks"]),
        (["any"], ["leaks", "few_images"]),
        (["few_images", "error"], ["leaks", "few_images"]),
    ],
    ids=str,
)
def test_a_check_fails_on_what_it_was_told_to(fail_on: list[str], kinds: list[str]) -> None:
    assert [issue.kind for issue in failing(leaking(), fail_on)] == kinds


def test_what_is_only_good_to_know_fails_by_its_name_alone() -> None:
    dark = rows(100, "a", brightness_high=0.1) + rows(100, "b", prefix="b", brightness_high=0.1)
    report = check_dataset(measured(dark), None, at="")

    assert failing(report, ["any"]) == []
    assert [issue.kind for issue in failing(report, ["dark"])] == ["dark"]


def test_an_unknown_name_is_refused_with_all_that_are_allowed() -> None:
    with pytest.raises(InputError, match=r"'blurred', 'x'\. Allowed: .*blurry.*any"):
        failing(sound(), ["blurred", "any", "x"])


def test_every_kind_has_a_title_and_can_be_failed_on() -> None:
    assert set(TITLES) == set(KINDS)
    assert set(KINDS) < set(FAIL_ON)


def test_the_verdict_names_the_errors() -> None:
    said = verdict(leaking())

    assert said.severity == "error"
    assert (
        "2 usable pictures of 1 class: leaks between splits, and 1 other thing to look at." in said.sentence
    )


def test_the_verdict_on_a_sound_set_is_that_nothing_stands_in_the_way() -> None:
    assert verdict(sound()).headline == "Nothing stands in the way."


def test_an_empty_data_set_is_reported_and_not_crashed_on() -> None:
    report = check_dataset(measured([], labels=("a",)), twins(0), at="")

    assert [issue.kind for issue in report.issues] == ["few_images"]
    assert report.histograms == ()
