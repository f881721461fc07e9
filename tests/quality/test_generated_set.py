"""Faults that are planted in pictures on disk are those that are found."""

import pytest

from sightline.dataset import Dataset, read_dataset
from sightline.demo import generate_dataset
from sightline.demo.options import DemoOptions
from sightline.demo.truth import DemoTruth
from sightline.quality import find_issues


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, DemoTruth]:
    root = tmp_path_factory.mktemp("generated") / "set"
    options = DemoOptions(
        images=40, layout="splits", exact_duplicates=0.1, damaged=0.15, duplicates_cross_splits=True
    )
    truth = generate_dataset(root, options)
    return read_dataset(root), truth


def planted(truth: DemoTruth, kind: str) -> set[str]:
    return {image.file_name for image in truth.images if image.fault is not None and image.fault.kind == kind}


def test_copies_across_splits_are_found_as_leaks(faulty: tuple[Dataset, DemoTruth]) -> None:
    dataset, truth = faulty
    copies = planted(truth, "exact_duplicate")

    found = {one.kind: one.findings for one in find_issues(dataset)}

    assert len(copies) == 4
    for kind in ("exact_duplicates", "leaks"):
        pairs = [{finding.path, finding.related} for finding in found[kind]]
        assert len(pairs) == 4
        assert all(pair & copies for pair in pairs)


def test_damaged_files_are_found_and_sound_ones_are_not(faulty: tuple[Dataset, DemoTruth]) -> None:
    dataset, truth = faulty

    found = {one.kind: one.findings for one in find_issues(dataset)}

    assert {finding.path for finding in found["corrupt"]} == planted(truth, "damaged")
    assert not {"blurry", "dark", "light", "low_information"} & set(found)
