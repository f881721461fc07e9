from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from sightline.dataset import Dataset, Sample, require_learnable
from sightline.errors import DatasetError


def sample(path: str, *labels: str, split: str | None = None) -> Sample:
    return Sample(path, labels, None, split, 4, 4, 100, f"{path}-hash")  # type: ignore[arg-type]


def dataset_of(*samples: Sample, labels: tuple[str, ...] = ("a", "b", "c")) -> Dataset:
    return Dataset.of(Path("/nowhere"), labels, samples)


SEVERAL = dataset_of(sample("w", "a", "c"), sample("x"), sample("y", "b"), sample("z", "a", "b", "c"))


def test_a_column_a_label_and_a_row_a_sample_also_one_without_any() -> None:
    hot = SEVERAL.multi_hot()

    assert hot.dtype == np.uint8
    assert hot.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1]]


def test_columns_may_be_those_of_a_bundle() -> None:
    assert SEVERAL.multi_hot(labels=("c", "z", "b", "a"))[0].tolist() == [1, 0, 0, 1]


def test_rows_in_several_chunks_are_the_same_rows() -> None:
    parts = pa.concat_tables([SEVERAL.table.slice(0, 1), SEVERAL.table.slice(1, 2), SEVERAL.table.slice(3)])

    chunked = replace(SEVERAL, table=parts)

    assert chunked.multi_hot().tolist() == SEVERAL.multi_hot().tolist()
    with pytest.raises(DatasetError, match="'z' has the label 'b'"):
        replace(SEVERAL, table=parts.filter(pa.array([True, True, False, True]))).multi_hot(("a", "c"))


def test_a_label_that_the_bundle_does_not_know_is_named_with_its_sample() -> None:
    with pytest.raises(DatasetError, match="'z' has the label 'c', which is none of a, b"):
        dataset_of(sample("x"), sample("y", "b"), sample("z", "a", "c")).multi_hot(("a", "b"))


@pytest.mark.parametrize(
    "odd, has", [(sample("y", "a", "b"), r"2 labels \(a, b\)"), (sample("y"), "no label")]
)
def test_class_indices_of_such_a_set_point_to_the_task(odd: Sample, has: str) -> None:
    with pytest.raises(DatasetError, match=f"'y' has {has} where one is needed.*task=multilabel"):
        dataset_of(sample("x", "a"), odd).targets()


def test_a_label_that_everything_has_cannot_be_learnt_as_one_of_several() -> None:
    dataset = dataset_of(sample("x", "a", "b"), sample("y", "a"), labels=("a", "b"))

    require_learnable(dataset)
    with pytest.raises(DatasetError, match="Labels that every picture has: a. Add pictures without them"):
        require_learnable(dataset, "multilabel")


def test_with_splits_it_is_train_that_must_have_pictures_with_and_without() -> None:
    dataset = dataset_of(
        sample("w", "a", split="train"), sample("x", "a", "b", split="train"), sample("y", "c", split="val")
    )

    with pytest.raises(
        DatasetError, match=r"without a picture in train: c(?s:.*)every picture of train has: a"
    ):
        require_learnable(dataset, "multilabel")


def test_pictures_without_any_label_are_what_the_others_are_learnt_against() -> None:
    require_learnable(dataset_of(sample("x", "a", "b"), sample("y"), labels=("a", "b")), "multilabel")
