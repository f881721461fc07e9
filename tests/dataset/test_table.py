import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drawing import Draw
from sightline.dataset import Dataset, Sample, read_dataset, require_learnable, split_dataset
from sightline.errors import DatasetError


def sample(path: str, *labels: str) -> Sample:
    return Sample(path, labels, None, None, 4, 4, 100, f"{path}-hash")


def dataset_of(*samples: Sample, labels: tuple[str, ...] = ("a", "b", "c")) -> Dataset:
    return Dataset.of(Path("/nowhere"), labels, samples)


def test_the_digest_is_the_same_wherever_the_folder_lies(draw: Draw, tmp_path: Path) -> None:
    for path in ("one/good/a.png", "one/crack/b.png"):
        draw(path)
    shutil.copytree(tmp_path / "one", tmp_path / "two")

    assert read_dataset(tmp_path / "one").digest() == read_dataset(tmp_path / "two").digest()


def test_the_digest_of_a_known_table_never_changes() -> None:
    # Bundles name data sets by it: a change here makes every older bundle's data set unknown.
    table = b"""["sightline-dataset-1",["a","b","c"]]
["a/\\u00e4.png",["a"],null,null,"a/\\u00e4.png-hash"]
"""

    assert dataset_of(sample("a/ä.png", "a")).digest() == hashlib.sha256(table).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"path": "other"}, id="path"),
        pytest.param({"labels": ("b",)}, id="labels"),
        pytest.param({"group": "7"}, id="group"),
        pytest.param({"split": "train"}, id="split"),
        pytest.param({"sha256": "other"}, id="content"),
    ],
)
def test_the_digest_follows_everything_that_learning_depends_on(change: dict[str, str]) -> None:
    before = sample("x", "a")

    assert dataset_of(before).digest() != dataset_of(replace(before, **change)).digest()


def test_the_digest_follows_the_classes_as_they_number_the_targets() -> None:
    assert dataset_of(sample("x", "a")).digest() != dataset_of(sample("x", "a"), labels=("a",)).digest()


def test_targets_point_into_the_own_labels_or_into_those_of_a_bundle() -> None:
    dataset = dataset_of(sample("x", "b"), sample("y", "a"))

    own, bundle = dataset.targets(), dataset.targets(labels=("z", "b", "a"))

    assert own.dtype == np.int64
    assert own.tolist() == [1, 0]
    assert bundle.tolist() == [1, 2]


def test_targets_name_the_first_sample_with_several_labels() -> None:
    dataset = dataset_of(sample("x", "a"), sample("y", "a", "c"), sample("z", "a", "b"))

    with pytest.raises(DatasetError, match=r"'y' has 2 labels \(a, c\)"):
        dataset.targets()


def test_targets_name_the_first_label_that_a_bundle_does_not_know() -> None:
    with pytest.raises(DatasetError, match="'x' has the label 'b', which is none of a, c"):
        dataset_of(sample("x", "b")).targets(labels=("a", "c"))


def test_class_counts_count_a_sample_for_each_of_its_labels() -> None:
    assert dataset_of(sample("x", "a"), sample("y", "a", "c")).class_counts() == {"a": 2, "b": 0, "c": 1}


def test_one_class_is_enough_to_read_and_not_enough_to_learn(draw: Draw, tmp_path: Path) -> None:
    draw("good/a.png")

    dataset = read_dataset(tmp_path)

    with pytest.raises(DatasetError, match="only one class, 'good'"):
        require_learnable(dataset)


def test_all_that_is_missing_for_learning_is_told_together() -> None:
    dataset = dataset_of(replace(sample("x", "a"), split="train"), replace(sample("y", "b"), split="test"))

    with pytest.raises(
        DatasetError, match=r"without a usable picture: c(?s:.*)without a picture in train: b"
    ):
        require_learnable(dataset)


def test_a_class_without_a_usable_picture_stops_the_split() -> None:
    with pytest.raises(DatasetError, match="without a usable picture: b, c"):
        split_dataset(dataset_of(sample("x", "a")))
