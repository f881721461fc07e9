import json
import random

import pytest

from sightline.bundle import read_bundle, sha256
from sightline.errors import BundleCorrupt, BundleTooNew, InputError


def rewrite_manifest(root, change, *, new_id=True):
    """Change the manifest and, like somebody who knows the format, give it a fitting id."""
    content = json.loads((root / "bundle.json").read_text())
    change(content)
    claimed = content.pop("id")

    def canonical(values):
        return (json.dumps(values, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()

    identifier = sha256(canonical(content)) if new_id else claimed
    (root / "bundle.json").write_bytes(canonical({"id": identifier, **content}))


def test_a_bundle_reads_back_as_written(bundle):
    opened = read_bundle(bundle)

    assert opened.manifest.labels == ("crack", "good", "hole")
    assert opened.id == json.loads((bundle / "bundle.json").read_text())["id"]
    assert opened.read("model.onnx") == (bundle / "model.onnx").read_bytes()


@pytest.mark.parametrize(
    "name", ["bundle.json", "model.onnx", "golden/00.png", "golden/01.jpg", "golden/expected.npz"]
)
def test_one_flipped_bit_anywhere_is_found_and_the_file_named(own_bundle, name):
    rng = random.Random(name)
    path = own_bundle / name
    original = path.read_bytes()

    for _ in range(40):
        data = bytearray(original)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(data))

        with pytest.raises((BundleCorrupt, BundleTooNew), match=name.replace(".", r"\.")):
            read_bundle(own_bundle)


def test_white_space_in_the_manifest_is_no_exception(own_bundle):
    path = own_bundle / "bundle.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\n ", 1))

    with pytest.raises(BundleCorrupt, match="bundle.json was changed"):
        read_bundle(own_bundle)


def test_a_missing_file_is_named(own_bundle):
    (own_bundle / "golden" / "01.jpg").unlink()

    with pytest.raises(BundleCorrupt, match="lacks the file 'golden/01.jpg'"):
        read_bundle(own_bundle)


def test_an_extra_file_is_named(own_bundle):
    (own_bundle / "golden" / "notes.txt").write_text("left behind")

    with pytest.raises(BundleCorrupt, match=r"'golden/notes\.txt' that its manifest does not list"):
        read_bundle(own_bundle)


def test_a_link_is_refused_even_if_its_content_fits(own_bundle, tmp_path):
    outside = tmp_path / "outside.onnx"
    (own_bundle / "model.onnx").rename(outside)
    (own_bundle / "model.onnx").symlink_to(outside)

    with pytest.raises(BundleCorrupt, match="link 'model.onnx'"):
        read_bundle(own_bundle)


def test_a_file_that_changes_after_opening_is_still_refused(own_bundle):
    opened = read_bundle(own_bundle)
    data = bytearray((own_bundle / "model.onnx").read_bytes())
    data[50] ^= 1
    (own_bundle / "model.onnx").write_bytes(bytes(data))

    with pytest.raises(BundleCorrupt, match="model.onnx"):
        opened.read("model.onnx")


@pytest.mark.parametrize(
    "path",
    [
        "../outside",
        "/etc/passwd",
        "golden/../../outside",
        "a//b",
        "C:\\x",
        ".hidden",
        "a/.b",
        "a\\b",
        "",
        "-f",
    ],
)
def test_a_path_that_leads_anywhere_else_is_refused(own_bundle, path):
    (own_bundle.parent / "outside").write_bytes(b"secret")
    record = {"size": 6, "sha256": sha256(b"secret")}
    rewrite_manifest(own_bundle, lambda content: content["files"].update({path: record}))

    with pytest.raises(BundleCorrupt, match="does not hold together: files"):
        read_bundle(own_bundle)


def test_a_newer_schema_is_refused_by_its_version(own_bundle):
    rewrite_manifest(own_bundle, lambda content: content.update(schema_version=2, something_new=[]))

    with pytest.raises(BundleTooNew, match="schema version 2; this Sightline reads up to 1"):
        read_bundle(own_bundle)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda c: c.update(labels=["crack", "good"]), None),
        (lambda c: c.update(labels=["crack", "good", "good"]), "every label must be listed once"),
        (lambda c: c.update(surprise=1), "surprise"),
        (lambda c: c.pop("decision"), "decision"),
        (lambda c: c["decision"]["calibration"].update(value=0), "calibration"),
        (lambda c: c["decision"].update(accept_thresholds=[0.5]), "1 thresholds for 3 labels"),
        (lambda c: c.update(default_variant="int8"), "'int8' is not among the variants"),
        (lambda c: c["files"].pop("model.onnx"), "model.onnx is not among the files"),
        (lambda c: c["preprocessing"].update(width_px=-1), "width_px"),
        (lambda c: c.update(schema_version="one"), "schema_version"),
    ],
)
def test_fields_that_do_not_fit_are_named(own_bundle, change, message):
    rewrite_manifest(own_bundle, change)

    if message is None:
        assert read_bundle(own_bundle)  # the labels alone; the graph's size is compared on opening it
    else:
        with pytest.raises(BundleCorrupt, match=message):
            read_bundle(own_bundle)


def test_a_changed_manifest_with_its_old_id_is_refused(own_bundle):
    rewrite_manifest(
        own_bundle, lambda content: content["decision"]["calibration"].update(value=9.0), new_id=False
    )

    with pytest.raises(BundleCorrupt, match="changed after it was written"):
        read_bundle(own_bundle)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"id": NaN}', b"[" * 100_000])
def test_what_is_no_manifest_is_refused(own_bundle, data):
    (own_bundle / "bundle.json").write_bytes(data)

    with pytest.raises(BundleCorrupt, match=r"bundle\.json"):
        read_bundle(own_bundle)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path):
    with pytest.raises(InputError, match="is no bundle"):
        read_bundle(tmp_path)
    with pytest.raises(InputError, match="is no bundle"):
        read_bundle(tmp_path / "absent")
