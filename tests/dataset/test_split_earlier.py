from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sightline.dataset import Dataset, Sample, Split, split_dataset, split_folds
from sightline.errors import DatasetError


def sample(path: str, label: str, group: str | None = None, split: Split | None = None) -> Sample:
    return Sample(path, (label,), group, split, 4, 4, 100, f"content of {path}")


def dataset_of(samples: Sequence[Sample]) -> Dataset:
    return Dataset.of(Path("/nowhere"), ("a", "b"), samples)


def singles(count: int, start: int = 0) -> list[Sample]:
    return [sample(f"{index:05}", "ab"[index % 2]) for index in range(start, start + count)]


def splits(dataset: Dataset) -> dict[str, Split | None]:
    return {one.path: one.split for one in dataset.samples}


def one_in(dataset: Dataset, split: Split) -> Sample:
    return next(one for one in dataset.samples if one.split == split)


def test_what_was_split_keeps_its_split_and_the_new_fills_up_the_shares() -> None:
    before = split_dataset(dataset_of(singles(200)), val=0.1, test=0.1)

    after = split_dataset(dataset_of(singles(400)), val=0.2, test=0.2, seed=9, earlier=before)

    assert splits(after).items() >= splits(before).items()
    assert [len(after.of_split(name)) for name in ("train", "val", "test")] == [240, 80, 80]
    (note,) = after.notes
    assert "stay where an earlier split put them" in note


def test_a_moved_file_is_known_by_its_content_and_a_changed_one_by_its_path() -> None:
    before = split_dataset(dataset_of(singles(40)))
    moved, changed = one_in(before, "test"), one_in(before, "val")
    rest = [one for one in singles(40) if one.path not in (moved.path, changed.path)]
    now = [replace(moved, path="elsewhere", split=None), replace(changed, sha256="other", split=None), *rest]

    after = splits(split_dataset(dataset_of(now), seed=3, earlier=before))

    assert (after["elsewhere"], after[changed.path]) == ("test", "val")


def test_with_content_and_path_at_odds_the_content_decides() -> None:
    before = split_dataset(dataset_of(singles(40)))
    train, test = one_in(before, "train"), one_in(before, "test")
    swapped = {train.path: test.sha256, test.path: train.sha256}
    now = [replace(one, sha256=swapped.get(one.path, one.sha256)) for one in singles(40)]

    after = splits(split_dataset(dataset_of(now), earlier=before))

    assert (after[train.path], after[test.path]) == ("test", "train")


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_new_sample_goes_to_what_it_is_tied_to(split: Split) -> None:
    start = [replace(one, group=f"g{one.path}") for one in singles(40)]
    before = split_dataset(dataset_of(start))
    known = one_in(before, split)
    chain = [
        replace(sample("new1", "a"), group=known.group),
        replace(sample("new2", "b"), sha256="content of new1"),
    ]

    after = splits(split_dataset(dataset_of([*start, *chain]), earlier=before))

    assert (after["new1"], after["new2"]) == (split, split)


def test_a_new_sample_between_two_sides_is_excluded_by_name_and_its_neighbours_are_not() -> None:
    start = [replace(one, group=f"g{one.path}") for one in singles(40)]
    before = split_dataset(dataset_of(start))
    train, test = one_in(before, "train"), one_in(before, "test")
    bridge = Sample("bridge", ("a",), train.group, None, 4, 4, 100, test.sha256)
    friend = sample("friend", "a", train.group)

    after = split_dataset(dataset_of([*start, bridge, friend]), earlier=replace(before, notes=()))

    assert splits(after) == {**splits(before), "bridge": "excluded", "friend": "train"}
    two = sorted([train, test], key=lambda one: one.path)
    assert after.notes[1:] == (
        f"'bridge' is excluded: it would tie '{two[0].path}' in {two[0].split} to '{two[1].path}' in "
        f"{two[1].split}.",
    )


def test_a_chain_of_new_samples_between_two_sides_is_excluded() -> None:
    start = [replace(one, group=f"g{one.path}") for one in singles(40)]
    before = split_dataset(dataset_of(start))
    train, test = one_in(before, "train"), one_in(before, "test")
    chain = [
        Sample("chain1", ("a",), train.group, None, 4, 4, 100, "linked"),
        Sample("chain2", ("a",), test.group, None, 4, 4, 100, "linked"),
    ]

    after = split_dataset(dataset_of([*start, *chain]), earlier=before)

    assert (splits(after)["chain1"], splits(after)["chain2"]) == ("excluded", "excluded")
    assert len(after.notes) == 3


def test_excluded_samples_stay_so_and_tie_nothing() -> None:
    samples = [replace(one, group=f"g{index // 2}") for index, one in enumerate(singles(80))]
    samples[0] = replace(samples[0], split="excluded", sha256=samples[79].sha256)

    after = split_dataset(dataset_of(samples))
    again = split_dataset(dataset_of([replace(one, split=None) for one in samples]), earlier=after)

    assert splits(after)["00000"] == "excluded"
    assert set(splits(after).values()) == {"train", "val", "test", "excluded"}
    assert splits(again) == splits(after)


def test_without_an_earlier_table_little_changes_when_pictures_are_added() -> None:
    before = splits(split_dataset(dataset_of(singles(2000))))
    after = splits(split_dataset(dataset_of(singles(2020))))

    assert sum(after[path] != split for path, split in before.items()) < 40


def test_the_order_of_rows_and_of_the_earlier_rows_plays_no_part() -> None:
    before = split_dataset(dataset_of(singles(60)))

    one = split_dataset(dataset_of(singles(90)), earlier=before)
    other = split_dataset(dataset_of(singles(90)[::-1]), earlier=before)

    assert one == other


def test_the_word_of_the_data_goes_before_the_earlier_table_and_a_note_says_so() -> None:
    before = split_dataset(dataset_of(singles(40)))
    train = one_in(before, "train")
    now = [replace(one, split="val" if one.path == train.path else "train") for one in singles(40)]

    after = split_dataset(dataset_of(now), earlier=before)

    assert splits(after) == {**splits(before), train.path: "val"}
    assert f"'{train.path}', for instance, was in train and is in val" in after.notes[1]


def test_an_earlier_table_without_splits_is_refused() -> None:
    with pytest.raises(DatasetError, match="earlier table has no splits"):
        split_dataset(dataset_of(singles(40)), earlier=dataset_of(singles(20)))


def test_folds_are_kept_by_both_ways_of_splitting() -> None:
    before = split_folds(dataset_of(singles(60)), 3)

    folded = split_folds(dataset_of(singles(120)), 3, seed=5, earlier=before)
    divided = split_dataset(dataset_of(singles(60)), earlier=before)

    kept = {one.path: (one.split, one.fold) for one in before.samples}
    assert {one.path: (one.split, one.fold) for one in folded.samples}.items() >= kept.items()
    assert {one.path: (one.split, one.fold) for one in divided.samples} == kept


def test_a_changed_file_follows_the_pictures_that_it_now_shows() -> None:
    before = split_dataset(dataset_of(singles(40)))
    train, test = one_in(before, "train"), one_in(before, "test")
    now = [
        replace(one, sha256=test.sha256) if one.path == train.path else replace(one, split=None)
        for one in singles(40)
    ]

    after = split_dataset(dataset_of(now), earlier=before)

    assert splits(after)[train.path] == "test"


def test_folds_after_a_plain_split_test_on_nothing_that_was_learnt_from() -> None:
    before = split_dataset(dataset_of(singles(40)))

    after = split_folds(dataset_of(singles(40)), 4, test=0.5, earlier=before)

    tested = {path for path, split in splits(after).items() if split == "test"}
    assert tested == {path for path, split in splits(before).items() if split == "test"}


def test_an_earlier_table_of_another_set_is_said_to_be_one() -> None:
    other = split_dataset(
        dataset_of([replace(one, path=f"x{one.path}", sha256=f"x{one.sha256}") for one in singles(40)])
    )

    after = split_dataset(dataset_of(singles(40)), earlier=other)

    assert "seems to be that of another set" in after.notes[0]
