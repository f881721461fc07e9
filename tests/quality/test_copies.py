from measured import measured, row, twins
from sightline.dataset import Dataset
from sightline.dataset.duplicates import NearDuplicates
from sightline.quality import Found, find_issues


def found(kind: str, dataset: Dataset, near: NearDuplicates | None = None) -> Found | None:
    return next((one for one in find_issues(dataset, near) if one.kind == kind), None)


def test_the_same_bytes_and_the_same_pixels_are_exact_duplicates() -> None:
    dataset = measured(
        [
            row("1.jpg", sha256="s", pixels_digest="p"),
            row("2.jpg", sha256="s", pixels_digest="p"),
            row("3.png", pixels_digest="p"),
            row("4.jpg"),
        ]
    )

    issue = found("exact_duplicates", dataset)

    assert issue is not None
    assert [(one.path, one.related, one.detail) for one in issue.findings] == [
        ("2.jpg", "1.jpg", "same bytes"),
        ("3.png", "1.jpg", "same pixels"),
    ]


def test_the_most_repeated_picture_comes_first() -> None:
    dataset = measured(
        [row(f"a{n}.jpg", sha256="a") for n in range(2)] + [row(f"b{n}.jpg", sha256="b") for n in range(3)]
    )

    issue = found("exact_duplicates", dataset)

    assert issue is not None
    assert [one.path for one in issue.findings] == ["b1.jpg", "b2.jpg", "a1.jpg"]


def test_near_duplicates_come_with_their_nearest_by_clusters() -> None:
    dataset = measured([row(f"{n}.jpg") for n in range(6)])
    near = twins(6, (0, 1, 0.95), (2, 3, 0.92), (3, 4, 0.97))

    issue = found("near_duplicates", dataset, near)

    assert issue is not None
    assert [(one.path, one.related, one.family) for one in issue.findings] == [
        ("3.jpg", "4.jpg", 1),
        ("4.jpg", "3.jpg", 1),
        ("2.jpg", "3.jpg", 1),
        ("0.jpg", "1.jpg", 0),
        ("1.jpg", "0.jpg", 0),
    ]


def test_an_exact_duplicate_is_not_a_near_one_as_well() -> None:
    dataset = measured([row("0.jpg", sha256="s"), row("1.jpg", sha256="s")])

    assert found("near_duplicates", dataset, twins(2, (0, 1, 1.0))) is None


def test_twins_within_one_group_are_known_already() -> None:
    same = measured([row("0.jpg", group="g"), row("1.jpg", group="g")])
    other = measured([row("0.jpg", group="g"), row("1.jpg", group="h")])

    assert found("near_duplicates", same, twins(2, (0, 1, 0.95))) is None
    assert found("near_duplicates", other, twins(2, (0, 1, 0.95))) is not None


def test_one_picture_under_two_labels_is_an_error() -> None:
    dataset = measured(
        [
            row("1.jpg", "a", sha256="s"),
            row("2.jpg", "a", sha256="s"),
            row("3.jpg", "b", sha256="s"),
            row("4.jpg", "b", sha256="t"),
            row("5.jpg", "b", sha256="t"),
        ]
    )

    issue = found("label_conflicts", dataset)

    assert issue is not None
    assert issue.severity == "error"
    assert [(one.path, one.related) for one in issue.findings] == [("2.jpg", "3.jpg"), ("3.jpg", "1.jpg")]


def test_a_file_is_set_against_the_first_that_disagrees() -> None:
    given = [row("1.jpg", "a"), row("2.jpg", "a"), row("3.jpg", "b"), row("4.jpg", "c")]
    dataset = measured([(sample, look._replace(pixels_digest="p")) for sample, look in given])

    issue = found("label_conflicts", dataset)

    assert issue is not None
    assert [(one.path, one.related) for one in issue.findings] == [
        ("2.jpg", "3.jpg"),
        ("3.jpg", "1.jpg"),
        ("4.jpg", "1.jpg"),
    ]


def test_the_same_labels_are_no_conflict() -> None:
    dataset = measured([row("1.jpg", "a", "b", sha256="s"), row("2.jpg", "a", "b", sha256="s")])

    assert found("label_conflicts", dataset) is None


def test_near_duplicates_under_different_labels_are_a_softer_finding() -> None:
    dataset = measured([row("0.jpg", "a"), row("1.jpg", "b"), row("2.jpg", "b")])

    issue = found("near_label_conflicts", dataset, twins(3, (0, 1, 0.94), (1, 2, 0.99)))

    assert issue is not None
    assert issue.severity == "warning"
    assert [(one.path, one.related, one.value) for one in issue.findings] == [("1.jpg", "0.jpg", 0.94)]
    assert found("label_conflicts", dataset, twins(3, (0, 1, 0.94))) is None
