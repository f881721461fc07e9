"""Which variant answers on this machine: by what was measured here, not where the bundle was made."""

import pytest

from bundles import make_bundle
from sightline.bundle import list_files, read_bundle, write_bundle
from sightline.inference import open_predictor
from sightline.inference.measuring import (
    VariantSpeeds,
    fastest_here,
    keep_speeds,
    measure_variants,
    read_speeds,
    this_machine,
)


@pytest.fixture
def two_variants(tmp_path):
    """A bundle whose default is OpenVINO, as if it had been fastest where it was made."""
    old = read_bundle(make_bundle(tmp_path / "one"))
    files = {name: old.read(name) for name in old.manifest.files}
    reference = old.manifest.variants["float32"]
    other = reference.model_copy(update={"engine": "openvino", "golden_logit": 0.05})
    variants = {"float32": reference, "ov-float32": other}
    manifest = old.manifest.model_copy(
        update={"variants": variants, "default_variant": "ov-float32", "files": list_files(files)}
    )
    write_bundle(tmp_path / "two", manifest, files)
    return read_bundle(tmp_path / "two")


def remember(bundle, folder, machine=None, **rates):
    named = {name.replace("_", "-"): rate for name, rate in rates.items()}
    keep_speeds(
        VariantSpeeds(bundle_id=bundle.id, machine=machine or this_machine(), images_per_s=named), folder
    )


def test_a_variant_that_is_slower_here_is_not_used_here(two_variants, tmp_path):
    remember(two_variants, tmp_path / "cache", float32=90.0, ov_float32=30.0)

    fastest, _ = fastest_here(two_variants, tmp_path / "cache")

    assert two_variants.manifest.default_variant == "ov-float32"
    assert open_predictor(fastest).bundle.manifest.default_variant == "float32"


def test_a_variant_that_gives_other_answers_here_is_not_used_however_fast(two_variants, tmp_path):
    remember(two_variants, tmp_path / "cache", float32=10.0, ov_float32=None)

    assert fastest_here(two_variants, tmp_path / "cache")[0].manifest.default_variant == "float32"


def test_what_was_measured_on_another_machine_does_not_count(two_variants, tmp_path):
    elsewhere = this_machine().model_copy(update={"cores": 512})
    remember(two_variants, tmp_path / "cache", elsewhere, float32=1e9, ov_float32=1.0)

    _, speeds = fastest_here(two_variants, tmp_path / "cache")

    assert speeds.machine == this_machine()
    assert speeds.images_per_s["float32"] < 1e9
    assert read_speeds(two_variants.id, this_machine(), tmp_path / "cache") == speeds


def test_a_variant_that_parts_from_the_golden_images_here_is_left_out(two_variants, tmp_path):
    strict = two_variants.sealed.variants["ov-float32"].model_copy(update={"golden_logit": 1e-12})
    files = {name: two_variants.read(name) for name in two_variants.sealed.files}
    variants = {**two_variants.sealed.variants, "ov-float32": strict}
    write_bundle(tmp_path / "strict", two_variants.sealed.model_copy(update={"variants": variants}), files)

    speeds = measure_variants(read_bundle(tmp_path / "strict"))

    assert speeds.images_per_s["ov-float32"] is None
    assert "golden image" in speeds.problems["ov-float32"]
    assert speeds.images_per_s["float32"] > 0


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"[1, 2]"], ids=repr)
def test_a_damaged_memory_is_measured_anew(two_variants, tmp_path, content):
    remember(two_variants, tmp_path / "cache", float32=90.0, ov_float32=30.0)
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(content)

    assert read_speeds(two_variants.id, this_machine(), tmp_path / "cache") is None


def test_one_variant_is_not_measured(bundle, tmp_path):
    opened = read_bundle(bundle)

    assert fastest_here(opened, tmp_path / "cache") == (opened, None)
    assert not (tmp_path / "cache").exists()


def test_a_memory_of_other_variants_is_measured_anew(two_variants, tmp_path):
    remember(two_variants, tmp_path / "cache", float32=9999.0, ov_float32=1.0, bogus=1e12)

    _, speeds = fastest_here(two_variants, tmp_path / "cache")

    assert set(speeds.images_per_s) == set(two_variants.sealed.variants)


def test_a_folder_that_cannot_be_written_to_is_told(two_variants, tmp_path):
    (tmp_path / "file").write_bytes(b"")

    speeds = VariantSpeeds(bundle_id=two_variants.id, machine=this_machine(), images_per_s={})

    assert not keep_speeds(speeds, tmp_path / "file" / "speeds")
    assert keep_speeds(speeds, tmp_path / "cache")
