import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sightline.demo import DemoOptions, generate_dataset
from sightline.demo.alterations import ALTERATION_KINDS, alter
from sightline.demo.boxes import Box
from sightline.demo.damage import DAMAGE_KINDS, DamageKind, damage
from sightline.demo.encoding import encode

LOADS_IN_PILLOW = ("corrupted_jpeg", "trailing_garbage")


@pytest.fixture(scope="module")
def sound_pixels():
    rng = np.random.default_rng(0)
    return rng.integers(60, 200, (80, 120, 3), dtype=np.uint8)


def test_exact_duplicates_have_the_bytes_of_their_source(faulty):
    duplicates = faulty.truth.with_fault("exact_duplicate")

    assert len(duplicates) == 9
    for image in duplicates:
        assert image.file_name != image.fault.duplicate_of
        assert faulty.read(image.file_name) == faulty.read(image.fault.duplicate_of)


def test_near_duplicates_look_like_their_source_and_have_other_bytes(faulty):
    duplicates = faulty.truth.with_fault("near_duplicate")

    assert {image.fault.alteration for image in duplicates} == set(ALTERATION_KINDS)
    for image in duplicates:
        source, copy = faulty.read(image.fault.duplicate_of), faulty.read(image.file_name)
        assert source != copy
        assert np.corrcoef(thumbnail(source), thumbnail(copy))[0, 1] > 0.85


def thumbnail(data: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(data)).convert("L").resize((12, 12), Image.Resampling.BOX)
    return np.asarray(image, dtype=float).ravel()


def test_duplicates_stay_in_the_group_of_their_source(faulty):
    groups = {image.file_name: (image.group, image.split, image.labels) for image in faulty.truth.images}

    for kind in ("exact_duplicate", "near_duplicate"):
        for image in faulty.truth.with_fault(kind):
            assert (image.group, image.split, image.labels) == groups[image.fault.duplicate_of]


def test_leaked_duplicates_pass_for_new_pieces_in_another_split(tmp_path):
    options = DemoOptions(
        images=20, layout="splits", exact_duplicates=0.2, near_duplicates=0.2, duplicates_cross_splits=True
    )

    truth = generate_dataset(tmp_path / "set", options)

    sources = {image.file_name: image for image in truth.images if image.fault is None}
    leaked = [image for image in truth.images if image.fault is not None]
    assert len(leaked) == 8
    for image in leaked:
        assert Path(image.file_name).parts[0] == image.split != sources[image.fault.duplicate_of].split
        assert image.group not in {source.group for source in sources.values()}


@pytest.mark.parametrize("kind", ALTERATION_KINDS)
def test_boxes_follow_what_is_done_to_a_near_duplicate(kind):
    pixels = np.full((100, 160, 3), 80, dtype=np.uint8)
    pixels[40:60, 70:110] = 200

    for seed in range(5):
        altered = alter(kind, pixels, np.random.default_rng(seed))

        found = altered.find(Box(70, 40, 110, 60))
        bright = altered.pixels[..., 0] > np.ptp(altered.pixels) / 2 + altered.pixels.min()
        rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
        seen = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        assert np.abs(np.subtract(found, seen)).max() <= 1


def test_wrong_labels_are_filed_under_another_class_than_the_true_one(faulty):
    mislabelled = faulty.truth.with_fault("wrong_label")

    assert len(mislabelled) == 9
    for image in mislabelled:
        assert Path(image.file_name).parts[1] == image.labels[0] != image.true_labels[0]
        kinds = {defect.kind for defect in image.defects} or {"good"}
        assert set(image.true_labels) == kinds


def test_labels_without_that_fault_are_right(faulty):
    for image in faulty.truth.images:
        if image.fault is None:
            assert set(image.labels) == ({defect.kind for defect in image.defects} or {"good"})


def test_every_kind_of_damage_is_in_a_set_that_has_room_for_it(faulty):
    assert {image.fault.damage for image in faulty.truth.with_fault("damaged")} == set(DAMAGE_KINDS)


@pytest.mark.parametrize("kind", [kind for kind in DAMAGE_KINDS if kind not in LOADS_IN_PILLOW])
def test_pillow_cannot_load_a_damaged_file(faulty, kind):
    (name,) = (i.file_name for i in faulty.truth.with_fault("damaged")[:13] if i.fault.damage == kind)

    with pytest.raises((OSError, SyntaxError, ValueError, Image.DecompressionBombError)):
        Image.open(io.BytesIO(faulty.read(name))).load()


def test_absurd_dimensions_are_declared_soundly_and_refused_as_a_bomb(sound_pixels):
    data = damage("absurd_dimensions", sound_pixels, np.random.default_rng(1)).data

    with pytest.raises(Image.DecompressionBombError, match="3600000000 pixels"):
        Image.open(io.BytesIO(data))


def test_a_corrupted_jpeg_decodes_to_something_else_or_not_at_all(sound_pixels):
    data = damage("corrupted_jpeg", sound_pixels, np.random.default_rng(1)).data
    sound = np.asarray(Image.open(io.BytesIO(encode(sound_pixels, ".jpg"))), dtype=float)

    try:
        decoded = np.asarray(Image.open(io.BytesIO(data)), dtype=float)
    except OSError:
        return

    upper, lower = np.split(np.abs(decoded - sound).mean(axis=(1, 2)), 2)
    assert upper[:30].max() == 0
    assert lower.mean() > 10


def test_trailing_garbage_is_a_whole_picture_and_more(sound_pixels):
    sound = encode(sound_pixels, ".jpg")

    data = damage("trailing_garbage", sound_pixels, np.random.default_rng(1)).data

    assert data.startswith(sound)
    assert len(data) >= len(sound) + 500


@pytest.mark.parametrize(
    "kind, start",
    [
        ("zero_bytes", b""),
        ("text_as_jpeg", b"station 4"),
        ("html_as_png", b"<!DOCTYPE html>"),
        ("header_only", b"\xff\xd8\xff"),
        ("truncated_jpeg", b"\xff\xd8\xff"),
        ("truncated_png", b"\x89PNG"),
        ("absurd_dimensions", b"\x89PNG"),
        ("missing_tables", b"\xff\xd8\xff"),
    ],
)
def test_damage_is_what_its_name_says(sound_pixels, kind: DamageKind, start: bytes):
    data, suffix = damage(kind, sound_pixels, np.random.default_rng(1))

    assert data.startswith(start)
    assert suffix == (".png" if "png" in kind or "dimensions" in kind else ".jpg")
