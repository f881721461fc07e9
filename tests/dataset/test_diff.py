from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.dataset import Dataset, Difference, Sample, diff_datasets
from sightline.dataset.reading.measures import Measures


def sample(path: str, *labels: str, content: str | None = None) -> Sample:
    return Sample(path, labels or ("a",), None, None, 4, 4, 100, content or f"content of {path}")


def dataset_of(*samples: Sample, look: list[Measures] | None = None) -> Dataset:
    return Dataset.of(Path("/nowhere"), ("a", "b", "c"), samples, measures=look)


def counts(difference: Difference) -> dict[str, int]:
    return {name: rows.num_rows for name, rows in difference.changes().items() if rows.num_rows}


START = (sample("1"), sample("2", "a", "b"), sample("3", "c"))


def test_a_set_is_the_same_as_itself_wherever_it_lies() -> None:
    difference = diff_datasets(dataset_of(*START), Dataset.of(Path("/else"), ("a", "b", "c"), START))

    assert difference.is_same
    assert counts(difference) == {}
    assert (difference.classes.distance, difference.classes.largest) == (0, ())
    assert all(shift.statistic == 0 for shift in difference.values)


def test_added_and_removed_samples_are_listed_with_their_labels() -> None:
    difference = diff_datasets(dataset_of(*START), dataset_of(*START[1:], sample("4", "b")))

    assert not difference.is_same
    assert counts(difference) == {"added": 1, "removed": 1}
    assert difference.added.to_pylist() == [{"path": "4", "labels": ["b"], "group": None, "split": None}]
    assert difference.removed["path"].to_pylist() == ["1"]


def test_the_same_content_elsewhere_is_moved_even_onto_the_path_of_another() -> None:
    shifted = [replace(one, path=path) for one, path in zip(START, "234", strict=True)]

    difference = diff_datasets(dataset_of(*START), dataset_of(*shifted))

    assert counts(difference) == {"moved": 3}
    assert difference.moved.to_pylist() == [{"path_a": old, "path_b": new} for old, new in ("12", "23", "34")]


def test_other_content_at_the_same_path_is_changed() -> None:
    difference = diff_datasets(dataset_of(*START), dataset_of(replace(START[0], sha256="new"), *START[1:]))

    assert counts(difference) == {"changed": 1}
    assert difference.changed.to_pylist() == [{"path": "1", "sha256_a": "content of 1", "sha256_b": "new"}]


def test_copies_are_told_apart_by_their_paths_and_one_more_copy_is_added() -> None:
    one, two, three = (sample(path, content="x") for path in ("p", "q", "r"))

    difference = diff_datasets(dataset_of(one, two), dataset_of(one, two, three))

    assert counts(difference) == {"added": 1}


@pytest.mark.parametrize(
    "kind, change, expected",
    [
        pytest.param(
            "relabelled", {"labels": ("b", "c")}, {"labels_a": ["a"], "labels_b": ["b", "c"]}, id="labels"
        ),
        pytest.param("regrouped", {"group": "g"}, {"group_a": None, "group_b": "g"}, id="group"),
        pytest.param(
            "resplit",
            {"split": "test"},
            {"split_a": None, "split_b": "test", "fold_a": None, "fold_b": None},
            id="split",
        ),
        pytest.param(
            "resplit",
            {"fold": 2},
            {"split_a": None, "split_b": None, "fold_a": None, "fold_b": "2"},
            id="fold",
        ),
    ],
)
def test_what_is_said_of_a_sample_is_compared_even_when_it_has_moved(
    kind: str, change: dict[str, str], expected: dict[str, object]
) -> None:
    after = replace(START[0], path="new", **change)

    difference = diff_datasets(dataset_of(*START), dataset_of(after, *START[1:]))

    assert counts(difference) == {"moved": 1, kind: 1}
    assert difference.changes()[kind].to_pylist() == [{"path": "new", **expected}]


def test_the_shift_of_the_classes_counts_every_label_and_names_the_largest_changes() -> None:
    a = dataset_of(*(sample(f"{row}", "a") for row in range(8)), sample("x", "a", "b"))
    b = dataset_of(*(sample(f"{row}", "a") for row in range(4)), sample("x", "b", "c"))

    shift = diff_datasets(a, b).classes

    assert (shift.counts_a, shift.counts_b) == ({"a": 9, "b": 1, "c": 0}, {"a": 4, "b": 1, "c": 1})
    assert shift.distance == pytest.approx(0.9 - 4 / 6)
    assert [change.name for change in shift.largest] == ["a", "c", "b"]


def test_the_shift_of_the_splits_counts_those_without_one() -> None:
    a = dataset_of(*START)
    b = a.with_columns({"split": ["train", "train", None]})

    assert diff_datasets(a, b).splits.counts_b == {"none": 1, "train": 2}


def test_sizes_and_looks_are_compared_by_their_distribution() -> None:
    def look(contrast: float) -> Measures:
        return Measures("PNG", "0" * 16, 0.1, 0.9, contrast, 6.0, 1.0, 0.3)

    a = dataset_of(*START, look=[look(0.1), look(0.2), look(0.3)])
    b = dataset_of(*(replace(one, width_px=9) for one in START), look=[look(0.1), look(0.2), look(0.2)])

    shifts = {shift.column: shift for shift in diff_datasets(a, b).values}

    assert (shifts["width_px"].statistic, shifts["width_px"].median_a, shifts["width_px"].median_b) == (
        1,
        4,
        9,
    )
    assert shifts["contrast"].statistic == pytest.approx(1 / 3)
    assert shifts["sharpness"].statistic == 0
    assert "sharpness" not in {shift.column for shift in diff_datasets(a, dataset_of(*START)).values}


def test_a_difference_is_dumped_with_all_counts_and_the_first_rows() -> None:
    difference = diff_datasets(dataset_of(), dataset_of(*START))

    record = difference.record(at_most=2)

    assert record.counts["added"] == 3
    assert [row["path"] for row in record.examples["added"]] == ["1", "2"]
    assert type(record).model_validate_json(record.model_dump_json()) == record


@settings(max_examples=100, deadline=None)
@given(*[st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("uvwxyz"), max_size=8)] * 2)
def test_every_row_is_accounted_for_once(before: dict[str, str], after: dict[str, str]) -> None:
    a, b = (dataset_of(*(sample(path, content=c) for path, c in rows.items())) for rows in (before, after))

    difference = diff_datasets(a, b)

    kept = len(a) - difference.removed.num_rows
    assert kept == len(b) - difference.added.num_rows
    unchanged = sum(after.get(path) == content for path, content in before.items())
    assert kept == unchanged + difference.moved.num_rows + difference.changed.num_rows
    assert not set(difference.removed["path"].to_pylist()) & set(difference.added["path"].to_pylist())
