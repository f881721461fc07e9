from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from sightline.dataset import Dataset, Sample, Split, split_folds
from sightline.errors import InputError


def grouped(groups: dict[str, int], size: int = 3, split: Split | None = None) -> list[Sample]:
    return [
        Sample(
            f"{label}/{number:03}-{index}",
            (label,),
            f"{label}{number}",
            split,
            4,
            4,
            9,
            f"{label}{number}{index}",
        )
        for label, count in groups.items()
        for number in range(count)
        for index in range(size)
    ]


def dataset_of(samples: list[Sample]) -> Dataset:
    return Dataset.of(Path("/nowhere"), tuple(sorted({one.labels[0] for one in samples})), samples)


def test_every_class_is_spread_evenly_over_the_folds_and_groups_stay_whole() -> None:
    folded = split_folds(dataset_of(grouped({"a": 50, "b": 25})), 4, test=0.2)

    found = Counter((one.labels[0], one.split, one.fold) for one in folded.samples)
    assert found == {
        **{("a", "train", fold): 30 for fold in range(4)},
        **{("b", "train", fold): 15 for fold in range(4)},
        ("a", "test", None): 30,
        ("b", "test", None): 15,
    }
    folds = defaultdict(set)
    for one in folded.samples:
        folds[one.group].add(one.fold)
    assert all(len(there) == 1 for there in folds.values())


def test_without_test_all_is_in_folds() -> None:
    folded = split_folds(dataset_of(grouped({"a": 6, "b": 6})), 3, test=0)

    assert Counter(one.fold for one in folded.samples) == {0: 12, 1: 12, 2: 12}


def test_rare_classes_are_learnt_then_tested_and_do_not_all_crowd_into_one_fold() -> None:
    rare = {f"rare{number:02}": 1 for number in range(20)} | {f"twice{number:02}": 2 for number in range(4)}

    folded = split_folds(dataset_of(grouped(rare, size=1)), 4, test=0.1)

    alone = Counter(one.fold for one in folded.samples if one.labels[0].startswith("rare"))
    assert max(alone.values()) <= 7
    tested = {one.labels[0] for one in folded.samples if one.split == "test"}
    assert tested == {f"twice{number:02}" for number in range(4)}
    assert "Class 'rare00' has no picture in test" in folded.notes[0]


def test_test_that_came_with_the_data_stays_and_val_is_folded() -> None:
    samples = [
        *grouped({"a": 12, "b": 12}, split="train"),
        *(
            replace(
                one, path=f"val/{one.path}", split="val", group=f"val{one.group}", sha256=f"val{one.sha256}"
            )
            for one in grouped({"a": 4})
        ),
        *(
            replace(
                one, path=f"test/{one.path}", split="test", group=f"test{one.group}", sha256=f"t{one.sha256}"
            )
            for one in grouped({"a": 4})
        ),
    ]

    folded = split_folds(dataset_of(samples), 2, test=0.3)

    assert {one.path for one in folded.samples if one.split == "test"} == {
        s.path for s in samples if s.split == "test"
    }
    assert all((one.split == "train") == (one.fold is not None) for one in folded.samples)
    assert Counter(one.fold for one in folded.samples) == {0: 42, 1: 42, None: 12}


def test_folds_that_came_with_the_data_stay() -> None:
    samples = [replace(one, fold=2 if one.path < "a/003" else None) for one in grouped({"a": 9, "b": 9})]

    folded = split_folds(dataset_of(samples), 3, test=0)

    assert all(one.fold == 2 for one in folded.samples if one.path < "a/003")
    assert Counter(one.fold for one in folded.samples) == {0: 18, 1: 18, 2: 18}


@pytest.mark.parametrize(
    "folds, match",
    [
        pytest.param(1, "folds is 1; it must be 2 or more", id="one"),
        pytest.param(13, "14 parts .* there are 12", id="more than units"),
    ],
)
def test_a_number_of_folds_that_cannot_be_is_refused(folds: int, match: str) -> None:
    with pytest.raises(InputError, match=match):
        split_folds(dataset_of(grouped({"a": 6, "b": 6})), folds)


def test_a_fold_beyond_those_asked_for_is_named() -> None:
    samples = [replace(one, fold=5) for one in grouped({"a": 9, "b": 9})]

    with pytest.raises(InputError, match="'a/000-0' is in fold 5 already, and folds is 3"):
        split_folds(dataset_of(samples), 3)
