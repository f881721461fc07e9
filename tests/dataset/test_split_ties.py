from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sightline.dataset import Dataset, Sample, Split, random_split_leaks, split_dataset
from sightline.dataset.reading.measures import Measures
from sightline.dataset.splits import same_pictures, sample_units
from sightline.errors import InputError


def sample(row: int, label: str, group: str | None = None, cluster: int | None = None) -> Sample:
    return Sample(f"{row:04}", (label,), group, None, 4, 4, 100, f"content {row}", None, cluster)


def measures(pixels_digest: str) -> Measures:
    return Measures("PNG", pixels_digest, 0.1, 0.9, 0.2, 6.0, 1.0, 0.3)


def pairs(count: int, cluster: bool = False) -> list[Sample]:
    """Two by two of one class, tied by a group or by a cluster."""
    return [
        sample(row, "ab"[row // 2 % 2], None if cluster else f"g{row // 2}", row // 2 if cluster else None)
        for row in range(count)
    ]


def dataset_of(samples: list[Sample], look: list[Measures] | None = None) -> Dataset:
    return Dataset.of(Path("/nowhere"), ("a", "b"), samples, measures=look)


def splits(dataset: Dataset) -> list[Split | None]:
    return [one.split for one in dataset.samples]


def test_near_duplicates_of_one_cluster_stay_together() -> None:
    found = splits(split_dataset(dataset_of(pairs(80, cluster=True))))

    assert found[::2] == found[1::2]


def test_pictures_of_the_same_pixels_stay_together_and_those_without_a_cluster_are_free() -> None:
    samples = [sample(row, "ab"[row // 2 % 2]) for row in range(80)]

    found = splits(split_dataset(dataset_of(samples, [measures(f"{row // 2:016x}") for row in range(80)])))

    assert found[::2] == found[1::2]
    assert set(found) == {"train", "val", "test"}


def test_groups_clusters_contents_and_pixels_make_units_that_reach_through_one_another() -> None:
    samples = [
        sample(0, "a", group="g"),
        sample(1, "b", group="g", cluster=7),
        sample(2, "a", cluster=7),
        sample(3, "a"),
        replace(sample(4, "a"), sha256="content 3"),
        sample(5, "a", cluster=8),
        sample(6, "a"),
    ]
    look = [measures("p5" if row in (5, 6) else f"{row}") for row in range(7)]

    units = sample_units(dataset_of(samples, look).table)
    with_more = sample_units(dataset_of(samples).table, np.array([-1, -1, -1, 0, -1, 0, -1]))

    assert units.tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert with_more.tolist() == [0, 0, 0, 1, 1, 1, 2]


def test_same_pictures_are_those_of_equal_bytes_or_pixels_whatever_their_group() -> None:
    samples = [
        sample(0, "a", group="g"),
        sample(1, "a", group="g"),
        replace(sample(2, "a"), sha256="content 1"),
    ]

    found = same_pictures(dataset_of(samples, [measures(digest) for digest in "pqr"]).table)

    assert found.tolist() == [0, 1, 1]
    assert same_pictures(dataset_of([]).table).tolist() == []


def test_calibration_is_a_split_like_the_others() -> None:
    divided = split_dataset(dataset_of([sample(row, "ab"[row % 2]) for row in range(200)]), calibration=0.2)

    assert [len(divided.of_split(name)) for name in ("train", "val", "calibration", "test")] == [
        100,
        30,
        40,
        30,
    ]


@pytest.mark.parametrize(
    "units, there",
    [(1, {"train"}), (2, {"train", "test"}), (3, {"train", "test", "val"})],
)
def test_a_class_with_too_few_units_goes_to_train_then_test_then_val(units: int, there: set[str]) -> None:
    samples = [sample(row, "a") for row in range(units)] + [sample(row, "b") for row in range(100, 160)]

    divided = split_dataset(dataset_of(samples), calibration=0.1)

    assert {one.split for one in divided.samples if one.labels == ("a",)} == there
    assert "Class 'a' has no picture in calibration" in divided.notes[0]


def test_small_classes_add_up_to_the_shares_of_the_whole() -> None:
    labels = [f"{label:03}" for label in range(200)]
    samples = [sample(row, labels[row // 10]) for row in range(2000)]

    divided = split_dataset(Dataset.of(Path("/nowhere"), labels, samples))

    assert len(divided.of_split("val")) == pytest.approx(300, abs=10)
    assert len(divided.of_split("test")) == pytest.approx(300, abs=10)
    assert all(count in (1, 2) for count in divided.of_split("val").class_counts().values())


@pytest.mark.parametrize("group_size", [1, 5])
def test_with_several_labels_every_label_comes_close_to_its_share_in_every_split(group_size: int) -> None:
    rng = np.random.default_rng(3)
    labels = [f"{label:02}" for label in range(20)]
    chance = 0.4 / np.arange(1, 21) ** 1.1 + 0.01
    has = rng.random((3000, 20)) < chance
    samples = [
        Sample(
            f"{row:04}", tuple(np.array(labels)[has[row]]), f"g{row // group_size}", None, 4, 4, 9, f"{row}"
        )
        for row in range(3000)
    ]

    divided = split_dataset(Dataset.of(Path("/nowhere"), labels, samples), calibration=0.1)

    assert min(len(one.labels) for one in samples) == 0
    for split, share in {"train": 0.6, "val": 0.15, "calibration": 0.1, "test": 0.15}.items():
        part = divided.of_split(split)  # type: ignore[arg-type]
        assert len(part) == pytest.approx(3000 * share, abs=group_size)
        for label, count in part.class_counts().items():
            assert count == pytest.approx(has[:, int(label)].sum() * share, abs=2 + group_size)


def test_a_random_split_of_pairs_leaks_as_chance_would_have_it() -> None:
    found = random_split_leaks(dataset_of(pairs(8000)), {"train": 0.5, "test": 0.5})

    assert found.units == 4000
    assert found.parted_units == found.parted_pairs == pytest.approx(2000, rel=0.05)
    assert found.test_images == pytest.approx(4000, rel=0.01)
    assert found.leaked_share == pytest.approx(found.leaked_images / found.test_images)
    assert found.leaked_share == pytest.approx(0.5, rel=0.05)


def test_a_random_split_takes_the_shares_of_the_set_and_leaves_out_what_is_excluded() -> None:
    dataset = split_dataset(dataset_of(pairs(400)), val=0.25, test=0.25)
    names = ["excluded" if row < 200 else one.split for row, one in enumerate(dataset.samples)]

    found = random_split_leaks(dataset.with_columns({"split": names}))

    assert found.units == 100
    assert found.test_images == pytest.approx(names.count("test"), abs=2)


def test_single_pictures_cannot_leak() -> None:
    found = random_split_leaks(
        dataset_of([sample(row, "a") for row in range(90)]), {"train": 0.8, "test": 0.2}
    )

    assert (found.units, found.parted_units, found.parted_pairs, found.leaked_share) == (0, 0, 0, 0)


def test_shares_of_a_random_split_must_make_a_whole() -> None:
    with pytest.raises(InputError, match="add up to 1"):
        random_split_leaks(dataset_of(pairs(4)), {"train": 0.5, "test": 0.4})
    with pytest.raises(InputError, match="no splits"):
        random_split_leaks(dataset_of(pairs(4)))
