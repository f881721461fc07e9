import pytest

from measured import Row, measured, row, rows, twins
from sightline.dataset import Dataset
from sightline.dataset.duplicates import NearDuplicates
from sightline.quality import ClassCount, Found, check_dataset, find_issues
from sightline.quality.balance import FEW_GOOD_UNITS, FEW_UNITS


def classes(dataset: Dataset, near: NearDuplicates | None = None) -> dict[str, ClassCount]:
    return {one.name: one for one in check_dataset(dataset, near, at="").classes}


def found(kind: str, given: list[Row], labels: tuple[str, ...] = ()) -> Found | None:
    return next((one for one in find_issues(measured(given, labels=labels)) if one.kind == kind), None)


def test_groups_clusters_and_copies_count_as_one_unit() -> None:
    given = [
        row("0.jpg", group="g"),
        row("1.jpg", group="g"),
        row("2.jpg", sha256="s"),
        row("3.jpg", sha256="s"),
        row("4.jpg"),
        row("5.jpg"),
    ]

    counted = classes(measured(given), twins(6, (1, 4, 0.95)))["a"]

    assert (counted.images, counted.units) == (6, 3)


def test_a_unit_with_two_labels_counts_for_both() -> None:
    counted = classes(
        measured([row("0.jpg", "a", "b"), row("1.jpg", "b", group="g"), row("2.jpg", "b", group="g")])
    )

    assert {name: (one.images, one.units) for name, one in counted.items()} == {"a": (1, 1), "b": (3, 2)}


def test_classes_are_counted_by_split_and_learnt_from_train_only() -> None:
    given = [
        row("0.jpg", split="train"),
        row("1.jpg", split="train"),
        row("2.jpg", split="test"),
        row("3.jpg"),
    ]

    counted = classes(measured(given))["a"]

    assert counted.splits == {"train": 2, "test": 1, "none": 1}
    assert (counted.units, counted.learnable_units) == (4, 2)


@pytest.mark.parametrize("count, is_few", [(FEW_UNITS - 1, True), (FEW_UNITS, False)])
def test_a_class_has_few_images_below_the_limit(count: int, is_few: bool) -> None:
    issue = found("few_images", rows(count, "a") + rows(FEW_UNITS, "b", prefix="other"))

    assert (issue is not None) is is_few


@pytest.mark.parametrize("count, is_few", [(FEW_GOOD_UNITS - 1, True), (FEW_GOOD_UNITS, False)])
def test_good_pieces_alone_need_more(count: int, is_few: bool) -> None:
    assert (found("few_images", rows(count, "good")) is not None) is is_few


def test_many_shots_of_few_pieces_are_few_images() -> None:
    shots = [row(f"{n}.jpg", "a", group=f"piece{n % 6}") for n in range(300)]

    issue = found("few_images", shots + rows(FEW_UNITS, "b", prefix="other"))

    assert issue is not None
    assert [(one.labels, one.value) for one in issue.findings] == [(("a",), 6)]
    assert "'a' has 6" in issue.summary


def test_a_class_without_a_usable_picture_is_an_error() -> None:
    issue = found("few_images", rows(FEW_UNITS, "a"), labels=("a", "b"))

    assert issue is not None
    assert issue.severity == "error"
    assert "Without a usable picture: 'b'" in issue.summary


@pytest.mark.parametrize("smaller, is_imbalanced", [(10, True), (11, False)])
def test_imbalance_matters_from_ten_to_one(smaller: int, is_imbalanced: bool) -> None:
    issue = found("imbalance", rows(100, "a") + rows(smaller, "b", prefix="rare"))

    assert (issue is not None) is is_imbalanced


def test_imbalance_names_the_rare_classes_and_the_ratio() -> None:
    issue = found("imbalance", rows(100, "a") + rows(5, "b", prefix="b") + rows(2, "c", prefix="c"))

    assert issue is not None
    assert "'a', has 50 times the pictures of the smallest, 'c'" in issue.summary
    assert [(one.labels, one.value) for one in issue.findings] == [(("c",), 2), (("b",), 5)]


def test_a_single_class_is_not_imbalanced() -> None:
    assert found("imbalance", rows(50, "a"), labels=("a", "b")) is None
