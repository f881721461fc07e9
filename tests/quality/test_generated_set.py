"""Faults that are planted in pictures on disk are those that are found."""

from dataclasses import replace
from pathlib import Path

import pytest

from sightline.dataset import Dataset, read_dataset, read_sample
from sightline.demo import generate_dataset
from sightline.demo.options import DemoOptions
from sightline.demo.truth import DemoTruth
from sightline.images import decode_image, inspect_image
from sightline.quality import find_issues, measure_picture
from sightline.records import Preprocessing

FULL = Preprocessing(width_px=1, height_px=1, jpeg_reduction=None)


def read_and_measure(root: Path) -> Dataset:
    dataset = read_dataset(root)
    files = [read_sample(dataset, sample) for sample in dataset.samples]
    measures = [
        measure_picture(decode_image(data, FULL), inspect_image(data, FULL.limits).format) for data in files
    ]
    whole = Dataset.of(root, dataset.labels, list(dataset.samples), measures=measures)
    return replace(whole, quarantine=dataset.quarantine)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, DemoTruth]:
    root = tmp_path_factory.mktemp("generated") / "set"
    options = DemoOptions(
        images=40, layout="splits", exact_duplicates=0.1, damaged=0.15, duplicates_cross_splits=True
    )
    truth = generate_dataset(root, options)
    return read_and_measure(root), truth


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
