import contextlib
import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from sightline.bundle import Reference, pack_reference, unpack_reference
from sightline.errors import BundleCorrupt

SIZES = {"embedding_size": 6, "label_count": 3, "task": "multiclass"}


def reference(rows=5, **changes):
    rng = np.random.default_rng(0)
    usual = Reference(
        embeddings=rng.normal(size=(rows, 6)).astype(np.float16),
        targets=np.arange(rows) % 3,
        ids=tuple(f"a/ü {row}.png" for row in range(rows)),
        sha256=tuple(f"{row:064x}" for row in range(rows)),
        means=rng.normal(size=(3, 6)).astype(np.float16),
        directions=np.eye(6, dtype=np.float32)[:, :2],
        variances=np.array([2, 1], np.float32),
        residual_variance=0.5,
    )
    return replace(usual, **changes)


def arrays_of(data):
    with np.load(io.BytesIO(data)) as arrays:
        return dict(arrays)


def packed(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_what_was_packed_is_read(task):
    several = {"targets": np.eye(5, 3, dtype=np.uint8), "means": np.ones((1, 6), np.float16)}
    original = reference(**(several if task == "multilabel" else {}))

    read = unpack_reference(pack_reference(original), **{**SIZES, "task": task})

    assert read.ids == original.ids
    assert read.sha256 == original.sha256
    assert read.task == task
    assert read.residual_variance == 0.5
    for name in ("embeddings", "targets", "means", "directions", "variances"):
        assert np.array_equal(getattr(read, name), getattr(original, name))
        assert getattr(read, name).dtype == getattr(original, name).dtype


def test_the_same_reference_has_the_same_bytes():
    assert pack_reference(reference()) == pack_reference(reference())


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"embeddings": np.ones((5, 7), np.float16)}, r"'embeddings' has the shape \[5, 7\]"),
        ({"embeddings": np.ones((5, 6), np.float64)}, "'embeddings' holds float64 where float16"),
        ({"embeddings": np.ones((4, 6), np.float16)}, "embeddings 4, targets 5"),
        ({"embeddings": np.full((5, 6), np.nan, np.float16)}, "not finite"),
        ({"targets": np.array([0, 1, 2, 3, 0])}, "not those of 3 labels"),
        ({"targets": np.array([0, 1, 2, -1, 0])}, "not those of 3 labels"),
        ({"targets": np.ones((5, 3), np.uint8)}, "'targets' holds uint8"),
        ({"ids": np.array([{}] * 5, object)}, "'ids' holds objects"),
        ({"sha256": np.zeros((5, 31), np.uint8)}, r"'sha256' has the shape \[5, 31\]"),
        ({"means": np.ones((4, 6), np.float16)}, r"'means' has the shape \[4, 6\]"),
        ({"variances": np.ones(3, np.float32)}, "2 directions have 3 variances"),
        ({"variances": np.array([1, 0], np.float32)}, "not above 0"),
        ({"residual_variance": np.array([-1.0])}, "not above 0"),
        ({"residual_variance": np.array([np.inf])}, "not finite"),
        ({"further": np.ones(2)}, "it has the arrays"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_does_not_fit_is_refused(changes, problem):
    arrays = {**arrays_of(pack_reference(reference())), **changes}

    with pytest.raises(BundleCorrupt, match=problem) as refused:
        unpack_reference(packed(**arrays), **SIZES)

    assert refused.value.file == "reference.npz"


def test_more_images_than_a_reference_may_have_are_refused():
    with pytest.raises(BundleCorrupt, match="would take 48,012 bytes; at most 48,000"):
        unpack_reference(pack_reference(reference(rows=4_001)), **SIZES)


def test_a_reference_without_images_is_refused():
    empty = arrays_of(pack_reference(reference(rows=0, sha256=()))) | {"ids": np.array([], "U1")}

    with pytest.raises(BundleCorrupt, match="from 1 to 4000"):
        unpack_reference(packed(**empty), **SIZES)


def test_a_missing_array_is_refused():
    arrays = arrays_of(pack_reference(reference()))
    del arrays["means"]

    with pytest.raises(BundleCorrupt, match="it has the arrays directions, embeddings"):
        unpack_reference(packed(**arrays), **SIZES)


def test_a_header_that_claims_too_much_is_refused_before_room_is_made():
    arrays = arrays_of(pack_reference(reference()))
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (6, 1 << 50)}
    )
    buffer = io.BytesIO(packed(**{name: values for name, values in arrays.items() if name != "directions"}))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("directions.npy", header.getvalue())

    with pytest.raises(BundleCorrupt, match="'directions' would take"):
        unpack_reference(buffer.getvalue(), **SIZES)


def test_fewer_values_than_the_header_claims_are_refused():
    arrays = arrays_of(pack_reference(reference()))
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (6, 2)})
    buffer = io.BytesIO(packed(**{name: values for name, values in arrays.items() if name != "directions"}))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("directions.npy", header.getvalue() + bytes(40))

    with pytest.raises(BundleCorrupt, match="has 40 bytes of values where its shape needs 48"):
        unpack_reference(buffer.getvalue(), **SIZES)


@pytest.mark.parametrize("cut", [0, 1, 50, 400, -30])
def test_a_cut_archive_is_refused(cut):
    with pytest.raises(BundleCorrupt, match=r"reference\.npz cannot be read"):
        unpack_reference(pack_reference(reference())[:cut], **SIZES)


def test_damage_anywhere_is_refused_or_harmless():
    data = pack_reference(reference())
    rng = np.random.default_rng(0)

    for place in rng.integers(len(data), size=300):
        damaged = data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
        with contextlib.suppress(BundleCorrupt):
            unpack_reference(damaged, **SIZES)
