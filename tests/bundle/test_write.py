import os

import pytest

from bundles import make_bundle
from sightline.bundle import check_target, list_files, read_bundle, read_manifest, write_bundle
from sightline.errors import InputError


def test_the_same_content_has_the_same_id_wherever_it_lies(tmp_path, bundle):
    opened = read_bundle(bundle)
    files = {name: opened.read(name) for name in opened.manifest.files}

    assert write_bundle(tmp_path / "copy", opened.manifest, files) == opened.id
    assert read_bundle(tmp_path / "copy").id == opened.id


def test_nothing_is_written_over(own_bundle):
    before = (own_bundle / "bundle.json").read_bytes()

    with pytest.raises(InputError, match="exists already"):
        make_bundle(own_bundle)

    assert (own_bundle / "bundle.json").read_bytes() == before


def test_a_failed_write_leaves_nothing_behind(tmp_path, bundle):
    _, manifest = read_manifest(bundle)

    files = {name: (bundle / name).read_bytes() for name in manifest.files}
    blocked = {**files, "model.onnx/below": b""}  # a file cannot be a folder: fails half-way through
    manifest = manifest.model_copy(update={"files": list_files(blocked)})

    with pytest.raises(OSError, match="model.onnx"):
        write_bundle(tmp_path / "new", manifest, blocked)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written_to_is_refused_beforehand(tmp_path):
    tmp_path.chmod(0o500)

    with pytest.raises(InputError, match="cannot be written to"):
        check_target(tmp_path / "new")


def test_a_file_in_the_way_is_refused_beforehand(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(InputError, match="cannot be written to"):
        check_target(tmp_path / "file" / "new")
