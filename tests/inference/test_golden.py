import io
import zipfile
from dataclasses import fields, replace

import numpy as np
import pytest

from bundles import reseal
from sightline.bundle import (
    EXPECTED_FILE,
    GoldenOutputs,
    block_means,
    pack_golden,
    read_bundle,
    unpack_golden,
    write_bundle,
)
from sightline.errors import BundleCorrupt, GoldenMismatch
from sightline.inference import open_engine, replay_golden, verify_bundle


def replay_with(bundle, target, **changes):
    expected = unpack_golden((bundle / EXPECTED_FILE).read_bytes())
    values = {name: change(getattr(expected, name).copy()) for name, change in changes.items()}
    opened = read_bundle(reseal(bundle, target, {EXPECTED_FILE: pack_golden(replace(expected, **values))}))
    replay_golden(opened, open_engine(opened))


def test_what_was_recorded_is_reproduced(bundle):
    opened = read_bundle(bundle)

    replay_golden(opened, open_engine(opened))


@pytest.mark.parametrize(
    "stage, changes",
    [
        ("decode", {"decode_map": lambda a: a + 3}),
        ("decode", {"decode_shape": lambda a: a[:, ::-1]}),
        ("orient", {"orient_map": lambda a: a[:, ::-1]}),
        ("orient", {"orient_shape": lambda a: a + 1}),
        ("resize", {"pixels": lambda a: np.roll(a, 1, axis=1)}),
        ("resize", {"pixels": lambda a: np.where(np.arange(a.size).reshape(a.shape) == 5, 255 - a, a)}),
        ("graph", {"logits": lambda a: a + 0.05}),
        ("graph", {"embedding": lambda a: a * np.float32(1.1)}),
        ("decision", {"probabilities": lambda a: a[:, ::-1]}),
        ("decision", {"labels": lambda a: a[::-1]}),
        ("decision", {"verdicts": lambda a: np.full_like(a, "review")}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_the_stage_that_parts_is_named(bundle, tmp_path, stage, changes):
    with pytest.raises(GoldenMismatch, match=f"^{stage}: the golden image 'golden/0") as mismatch:
        replay_with(bundle, tmp_path / "other", **changes)

    assert mismatch.value.stage == stage


class Failing:
    """An engine whose graph loads, and does not run."""

    def run(self, images, outputs):
        raise RuntimeError("no kernel for this")


def test_a_graph_that_does_not_run_is_a_difference_too(bundle):
    with pytest.raises(GoldenMismatch, match="does not run here: no kernel for this") as mismatch:
        replay_golden(read_bundle(bundle), Failing())

    assert mismatch.value.stage == "graph"


def test_a_picture_that_does_not_decode_here_is_a_difference_in_decode(bundle, tmp_path):
    data = (bundle / "golden/01.jpg").read_bytes()
    other = read_bundle(reseal(bundle, tmp_path / "other", {"golden/01.jpg": data[: len(data) // 2]}))

    with pytest.raises(GoldenMismatch, match=r"'golden/01\.jpg' is not taken here"):
        replay_golden(other, open_engine(other))


def test_another_picture_under_the_same_name_is_found(bundle, tmp_path):
    swapped = {
        "golden/00.png": (bundle / "golden/01.jpg").read_bytes(),
        "golden/01.jpg": (bundle / "golden/00.png").read_bytes(),
    }
    checks = verify_bundle(reseal(bundle, tmp_path / "other", swapped))

    assert next((c.name, c.outcome) for c in checks if c.outcome != "passed") == ("golden: decode", "failed")


def test_expectations_of_another_number_of_pictures_are_refused(bundle, tmp_path):
    with pytest.raises(BundleCorrupt, match="2 rows of expected outputs"):
        replay_with(bundle, tmp_path / "other", **{f.name: lambda a: a[:2] for f in fields(GoldenOutputs)})


def test_labels_in_another_order_are_found(bundle, tmp_path):
    opened = read_bundle(bundle)
    files = {name: opened.read(name) for name in opened.manifest.files}
    turned = opened.manifest.model_copy(update={"labels": opened.manifest.labels[::-1]})
    write_bundle(tmp_path / "turned", turned, files)

    failed = [check for check in verify_bundle(tmp_path / "turned") if check.outcome == "failed"]

    assert [check.name for check in failed] == ["golden: decision"]


def test_arrays_that_would_fill_the_memory_are_refused_unread():
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("pixels.npy", "w") as entry,
    ):
        for _ in range(1025):
            entry.write(bytes(1 << 20))

    with pytest.raises(BundleCorrupt, match="would take"):
        unpack_golden(buffer.getvalue())


def test_arrays_that_need_pickle_are_refused():
    buffer = io.BytesIO()
    np.savez(buffer, **{field.name: np.array([{"a": 1}], dtype=object) for field in fields(GoldenOutputs)})

    with pytest.raises(BundleCorrupt, match="cannot be read"):
        unpack_golden(buffer.getvalue())


@pytest.mark.parametrize("shape", [(16, 16), (37, 50), (5, 3), (1, 200)])
def test_block_means_keep_the_mean_of_even_blocks(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)

    means = block_means(pixels)

    assert means.shape == (16, 16, 3)
    rows = np.minimum(np.arange(17) * shape[0] // 16, shape[0])
    columns = np.minimum(np.arange(17) * shape[1] // 16, shape[1])
    for row in range(16):
        for column in range(16):
            block = pixels[
                min(rows[row], shape[0] - 1) : max(rows[row + 1], rows[row] + 1),
                min(columns[column], shape[1] - 1) : max(columns[column + 1], columns[column] + 1),
            ]
            assert np.allclose(means[row, column], block.mean(axis=(0, 1)), atol=1e-3)
