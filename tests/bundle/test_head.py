import io

import numpy as np
import pytest

from bundles import reseal
from sightline.bundle import HEAD_FILE, Head, pack_head, read_bundle, unpack_head
from sightline.errors import BundleCorrupt
from sightline.inference import load, open_explainer, verify_bundle

WEIGHT, BIAS = np.arange(12, dtype=np.float32).reshape(3, 4), np.ones(3, np.float32)


def packed(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def test_a_head_comes_back_as_it_was_packed():
    head = unpack_head(pack_head(Head(WEIGHT, BIAS)), classes=3, embedding_size=4)

    assert np.array_equal(head.weight, WEIGHT)
    assert np.array_equal(head.bias, BIAS)
    assert np.array_equal(head.logits(np.eye(4, dtype=np.float32)), WEIGHT.T + BIAS)


@pytest.mark.parametrize(
    "data, why",
    [
        (b"no archive", "not a zip file"),
        (packed(weight=WEIGHT), "bias"),
        (packed(weight=WEIGHT.T, bias=BIAS), r"weight is float32 \[4, 3\] and not float32 \[3, 4\]"),
        (packed(weight=WEIGHT, bias=BIAS[:2]), r"bias is float32 \[2\]"),
        (packed(weight=WEIGHT.astype(np.float64), bias=BIAS), "weight is float64"),
        (packed(weight=WEIGHT, bias=BIAS * np.nan), "bias has values that are no numbers"),
        (packed(weight=np.array([object()]), bias=BIAS), "holds objects"),
    ],
    ids=["no archive", "no bias", "transposed", "short bias", "doubles", "not a number", "objects"],
)
def test_a_head_that_does_not_fit_is_refused_with_the_reason(data, why):
    with pytest.raises(BundleCorrupt, match=why) as caught:
        unpack_head(data, classes=3, embedding_size=4)

    assert caught.value.file == HEAD_FILE


def test_arrays_beyond_all_bounds_are_not_unpacked(monkeypatch):
    monkeypatch.setattr("sightline.bundle.head._LARGEST_ARRAYS", 100)

    with pytest.raises(BundleCorrupt, match="would take"):
        unpack_head(pack_head(Head(WEIGHT, BIAS)), classes=3, embedding_size=4)


def test_a_changed_head_is_found_by_verify(own_bundle):
    (own_bundle / HEAD_FILE).write_bytes(b"x" + (own_bundle / HEAD_FILE).read_bytes()[1:])

    checks = {check.name: check for check in verify_bundle(own_bundle)}

    assert checks["files"].outcome == "failed"
    assert HEAD_FILE in checks["files"].detail


def test_a_sealed_head_of_other_shapes_is_refused_when_it_is_opened(bundle, tmp_path):
    other = reseal(bundle, tmp_path / "other", {HEAD_FILE: pack_head(Head(WEIGHT[:2], BIAS[:2]))})

    with pytest.raises(BundleCorrupt, match="weight is float32"):
        open_explainer(load(other))


def test_exact_maps_without_a_head_are_refused(bundle, tmp_path):
    manifest = read_bundle(bundle).manifest
    without = {name: record for name, record in manifest.files.items() if name != HEAD_FILE}

    with pytest.raises(ValueError, match="class_maps: they are made with head.npz"):
        type(manifest).model_validate(manifest.model_dump() | {"files": without})
