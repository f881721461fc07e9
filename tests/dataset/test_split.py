from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.dataset import Dataset, Sample, Split, split_dataset
from sightline.errors import DatasetError, InputError


def sample(path: str, label: str, group: str | None = None, split: Split | None = None) -> Sample:
    return Sample(path, (label,), group, split, 4, 4, 100, f"content of {path}")


def dataset_of(samples: list[Sample]) -> Dataset:
    labels = sorted({label for one in samples for label in one.labels})
    return Dataset.of(Path("/nowhere"), tuple(labels), tuple(sorted(samples, key=lambda one: one.path)))


def grouped(sizes: dict[str, list[int]]) -> Dataset:
    """For each class, groups of the given sizes."""
    return dataset_of(
        [
            sample(f"{label}/{number:03}-{index:03}", label, f"{label}{number}")
            for label, groups in sizes.items()
            for number, size in enumerate(groups)
            for index in range(size)
        ]
    )


def counts(dataset: Dataset) -> dict[str, dict[str, int]]:
    names: tuple[Split, ...] = ("train", "val", "test")
    return {name: dataset.of_split(name).class_counts() for name in names}


def splits_by_group(dataset: Dataset) -> dict[str | None, set[Split | None]]:
    found: dict[str | None, set[Split | None]] = defaultdict(set)
    for one in dataset.samples:
        found[one.group].add(one.split)
    return found


def test_single_pictures_are_divided_as_asked_class_by_class() -> None:
    dataset = grouped({"many": [1] * 1000, "few": [1] * 40})

    found = counts(split_dataset(dataset, val=0.1, test=0.2))

    assert found == {
        "train": {"few": 28, "many": 700},
        "val": {"few": 4, "many": 100},
        "test": {"few": 8, "many": 200},
    }


def test_six_equal_groups_of_a_class_come_close_to_what_is_asked() -> None:
    dataset = grouped({"fray": [6] * 6, "good": [6] * 160})

    found = counts(split_dataset(dataset))

    assert {name: found[name]["fray"] for name in found} == {"train": 24, "val": 6, "test": 6}
    assert found["train"]["good"] == pytest.approx(0.7 * 960, abs=6)


def test_one_huge_group_goes_to_train_and_not_to_a_small_split() -> None:
    for seed in range(10):
        found = counts(split_dataset(grouped({"a": [500, 3, 2], "b": [1] * 50}), seed=seed))

        assert found["train"]["a"] == 500


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    dataset = grouped({"a": [2] * 30, "b": [3] * 30})

    assert split_dataset(dataset, seed=4) == split_dataset(dataset, seed=4)
    assert split_dataset(dataset, seed=4) != split_dataset(dataset, seed=5)


def test_a_known_split_never_changes() -> None:
    # By hash and not by a generator: the same on every machine and with every version of Python and NumPy.
    dataset = split_dataset(grouped({"a": [1] * 8, "b": [1] * 8}), val=0.25, test=0.25, seed=7)

    assert "".join((one.split or "?")[0:2] for one in dataset.samples) == "trtrvatetrtevatrvavatrtrtetrtrte"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_group_and_no_content_is_ever_parted_and_every_class_is_everywhere(data: st.DataObject) -> None:
    sizes = data.draw(
        st.dictionaries(
            st.sampled_from("abcde"),
            st.lists(st.integers(1, 12), min_size=3, max_size=12),
            min_size=2,
        )
    )
    val, test = data.draw(st.floats(0.01, 0.45)), data.draw(st.floats(0.01, 0.45))
    dataset = grouped(sizes)

    divided = split_dataset(dataset, val=val, test=test, seed=data.draw(st.integers(0, 9)))

    assert all(len(splits) == 1 for splits in splits_by_group(divided).values())
    assert all(count > 0 for split in counts(divided).values() for count in split.values())
    assert divided.notes == ()
    assert [replace(one, split=None) for one in divided.samples] == list(dataset.samples)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.integers(0, 25)), min_size=20))
def test_groups_across_classes_and_copies_across_groups_stay_whole(rows: list[tuple[str, int, int]]) -> None:
    samples = [
        replace(sample(f"{index:04}", label, f"g{group}"), sha256=f"content {content}")
        for index, (label, group, content) in enumerate([*rows, ("a", 100, 100), ("b", 101, 101)])
    ]

    divided = _split_or_none(dataset_of(samples))

    if divided is not None:
        assert all(len(splits) == 1 for splits in splits_by_group(divided).values())
        by_content: dict[str, set[Split | None]] = defaultdict(set)
        for one in divided.samples:
            by_content[one.sha256].add(one.split)
        assert all(len(splits) == 1 for splits in by_content.values())


def _split_or_none(dataset: Dataset) -> Dataset | None:
    """None where the ties leave a class no group for train, which is an error in its own right."""
    try:
        return split_dataset(dataset)
    except DatasetError:
        return None


def test_two_classes_that_share_all_groups_are_both_everywhere() -> None:
    samples = [
        sample(f"{label}/{group}", label, f"g{group}") for label in ("dust", "scratch") for group in range(9)
    ]

    found = counts(split_dataset(dataset_of(samples)))

    assert all(split["dust"] == split["scratch"] > 0 for split in found.values())


def test_a_tangle_of_classes_and_groups_is_solved_where_one_attempt_may_fail() -> None:
    # Each class has exactly three groups, and shares some of them with each other class.
    triples = {"a": (1, 3, 4), "b": (2, 4, 5), "c": (1, 2, 4)}
    samples = [sample(f"{label}{group}", label, f"g{group}") for label, gs in triples.items() for group in gs]

    for seed in range(10):
        divided = split_dataset(dataset_of(samples), seed=seed)

        assert divided.notes == ()
        assert all(count == 1 for split in counts(divided).values() for count in split.values())


def test_with_two_groups_a_class_is_trained_and_tested_and_a_note_says_so() -> None:
    divided = split_dataset(grouped({"rare": [4, 2], "good": [1] * 30}))

    found = counts(divided)
    assert (found["train"]["rare"], found["val"]["rare"], found["test"]["rare"]) == (4, 0, 2)
    assert divided.notes == (
        "Class 'rare' has no picture in val, with 2 independent groups of pictures in all. "
        "Its figures are missing there.",
    )


def test_with_one_group_a_class_is_trained_only() -> None:
    divided = split_dataset(grouped({"rare": [4], "good": [1] * 30}))

    assert counts(divided)["train"]["rare"] == 4
    assert "'rare' has no picture in test or val" in divided.notes[0]


@pytest.mark.parametrize(
    "given_splits, new",
    [
        pytest.param(("train",), {"val", "test"}, id="train"),
        pytest.param(("train", "val"), {"test"}, id="train and val"),
        pytest.param(("train", "test"), {"val"}, id="train and test"),
        pytest.param(("train", "val", "test"), set(), id="all"),
    ],
)
def test_splits_that_came_with_the_data_stay_and_the_missing_ones_come_from_train(
    given_splits: tuple[Split, ...], new: set[Split]
) -> None:
    samples = [
        sample(f"{split}/{label}/{index:02}", label, split=split)
        for split in given_splits
        for label in ("a", "b")
        for index in range(20)
    ]

    divided = split_dataset(dataset_of(samples), val=0.1, test=0.2)

    before = {one.path: one.split for one in samples}
    moved = {one.path: one.split for one in divided.samples if one.split != before[one.path]}
    assert set(moved.values()) == new
    assert all(before[path] == "train" for path in moved)
    assert counts(divided)["test"] == {"a": 4, "b": 4} or "test" in given_splits
    assert counts(divided)["val"] == {"a": 2, "b": 2} or "val" in given_splits


def test_a_leak_in_the_splits_that_came_with_the_data_is_noted_and_not_widened() -> None:
    samples = [sample(f"train/{index:02}", "ab"[index % 2], split="train") for index in range(40)]
    samples[3] = replace(samples[3], group="part 7")
    samples.append(sample("val/1", "a", "part 7", split="val"))
    samples.append(sample("val/2", "b", split="val"))

    divided = split_dataset(dataset_of(samples))

    assert next(one.split for one in divided.samples if one.path == "train/03") == "train"
    assert "part 1 groups or identical files, 'train/03' and 'val/1' for instance" in divided.notes[0]


def test_a_share_of_zero_makes_no_such_split() -> None:
    divided = split_dataset(grouped({"a": [1] * 20, "b": [1] * 20}), val=0, test=0.25)

    assert counts(divided)["val"] == {"a": 0, "b": 0}
    assert counts(divided)["test"] == {"a": 5, "b": 5}


@pytest.mark.parametrize("val, test", [(-0.1, 0.2), (0.5, 0.5), (float("nan"), 0.1)])
def test_shares_that_leave_nothing_for_train_are_refused(val: float, test: float) -> None:
    with pytest.raises(InputError, match="train needs a share too"):
        split_dataset(grouped({"a": [1] * 9, "b": [1] * 9}), val=val, test=test)


@pytest.mark.parametrize(
    "splits, match",
    [
        pytest.param(("test", "val"), "test and val but no train", id="no train"),
        pytest.param(("train", None), "Some samples have a split and others have none", id="some"),
    ],
)
def test_splits_that_cannot_be_completed_are_refused(splits: tuple[Split | None, ...], match: str) -> None:
    samples = [sample(f"{index}", "ab"[index % 2], split=splits[index // 2]) for index in range(4)]

    with pytest.raises(DatasetError, match=match):
        split_dataset(dataset_of(samples))
