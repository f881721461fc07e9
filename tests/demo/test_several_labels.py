import json

import pytest
from pydantic import ValidationError

from sightline.dataset import read_dataset
from sightline.demo import DemoOptions, generate_dataset, read_truth

OPTIONS = DemoOptions(images=40, seed=3, task="multilabel", layout="metadata", wrong_labels=0.1)


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    root = tmp_path_factory.mktemp("demo") / "several"
    return root, generate_dataset(root, OPTIONS)


def test_a_picture_has_all_its_kinds_of_defect_and_a_sound_one_no_label(generated):
    root, truth = generated

    dataset = read_dataset(root)

    assert dataset.labels == ("crack", "hole", "scratch", "stain")
    labels = {image.file_name: image.labels for image in truth.images}
    assert {one.path: one.labels for one in dataset.samples} == labels
    counts = {len(one) for one in labels.values()}
    assert counts == {0, 1, 2}
    for image in truth.images:
        assert image.true_labels == tuple(sorted({defect.kind for defect in image.defects}))


def test_a_wrong_label_is_a_defect_that_is_not_there(generated):
    root, truth = generated

    wrong = truth.with_fault("wrong_label")

    assert len(wrong) == 4
    assert all("good" not in image.labels for image in wrong)
    assert all(not set(image.labels) & set(image.true_labels) for image in wrong)
    assert read_truth(root) == truth


def test_the_table_has_a_list_a_line(generated):
    root, truth = generated

    rows = [json.loads(line) for line in (root / "metadata.jsonl").read_text().splitlines()]

    assert [row["labels"] for row in rows] == [list(image.labels) for image in truth.images]
    assert not (root / "metadata.csv").exists()


def test_class_folders_cannot_hold_several_labels():
    with pytest.raises(ValidationError, match="task multilabel needs layout 'metadata', not 'folders'"):
        DemoOptions(task="multilabel")
