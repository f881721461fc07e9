import json
import os
import shutil

import pytest

from bundles import make_bundle, reseal
from sightline.bundle import (
    check_signatures,
    create_keys,
    list_files,
    read_bundle,
    read_manifest,
    read_signing_key,
    require_signature,
    sign_bundle,
    signature_ids,
    signature_name,
    signed_message,
    write_bundle,
)
from sightline.errors import BundleCorrupt, BundleTooNew, BundleUntrusted, InputError

ANY_ID = "0" * 32
FILES = (
    "bundle.json",
    "model.onnx",
    "head.npz",
    "golden/00.png",
    "golden/01.jpg",
    "golden/02.jpg",
    "golden/expected.npz",
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Three signers: builder and approver, and somebody whom nobody trusts."""
    folder = tmp_path_factory.mktemp("keys")

    def key(name):
        create_keys(folder, name, None)
        return read_signing_key(folder / f"{name}.key", str)

    return {name: key(name) for name in ("builder", "approver", "stranger")}


@pytest.fixture
def signed(own_bundle, keys):
    sign_bundle(read_bundle(own_bundle), keys["builder"])
    return own_bundle


@pytest.fixture
def trusted(keys):
    return [keys["builder"].public, keys["approver"].public]


def test_a_signature_lies_beside_the_manifest_and_changes_no_id(own_bundle, keys, trusted):
    before = read_bundle(own_bundle).id

    assert sign_bundle(read_bundle(own_bundle), keys["builder"])

    opened = read_bundle(own_bundle)
    assert opened.id == before
    assert signature_ids(own_bundle) == (keys["builder"].public.id,)
    assert require_signature(opened, trusted).signers == (keys["builder"].public,)


def test_several_sign_and_nobody_twice(signed, keys, trusted):
    opened = read_bundle(signed)

    assert sign_bundle(opened, keys["approver"])
    assert sign_bundle(opened, keys["stranger"])
    assert not sign_bundle(opened, keys["builder"])

    found = require_signature(opened, trusted)
    assert set(found.signers) == set(trusted)
    assert found.unknown == (keys["stranger"].public.id,)
    assert len(list((signed / "signatures").iterdir())) == 3


def test_what_is_signed_says_what_for(signed, keys):
    opened = read_bundle(signed)
    signature = (signed / signature_name(keys["builder"].public.id)).read_bytes()

    assert signed_message(opened.id) == b"sightline-bundle-v1\n" + opened.id.encode()
    assert not keys["builder"].public.confirms(signature, opened.id.encode())


def test_signatures_of_keys_that_are_not_trusted_count_for_nothing(own_bundle, keys, trusted):
    opened = read_bundle(own_bundle)
    with pytest.raises(BundleUntrusted, match="is signed by nobody"):
        require_signature(opened, trusted)
    sign_bundle(opened, keys["stranger"])

    with pytest.raises(BundleUntrusted, match=f"signed by {keys['stranger'].public.id} only"):
        require_signature(opened, trusted)

    assert check_signatures(opened, trusted).signers == ()


def test_to_require_a_signature_by_nobody_is_a_mistake(signed):
    with pytest.raises(InputError, match="no key is trusted"):
        require_signature(read_bundle(signed), [])


def test_a_wrong_signature_in_an_unknown_name_is_named_only(signed, trusted):
    (signed / signature_name(ANY_ID)).write_bytes(bytes(64))

    assert require_signature(read_bundle(signed), trusted).unknown == (ANY_ID,)


@pytest.mark.parametrize("bit", [0, 255, 256, 511])
def test_a_changed_signature_of_a_trusted_key_is_refused(signed, keys, trusted, bit):
    sign_bundle(read_bundle(signed), keys["approver"])  # a good one beside it is no excuse
    path = signed / signature_name(keys["builder"].public.id)
    changed = bytearray(path.read_bytes())
    changed[bit // 8] ^= 1 << bit % 8
    path.write_bytes(changed)

    for verify in (check_signatures, require_signature):
        with pytest.raises(BundleUntrusted, match="trusted key 'builder'"):
            verify(read_bundle(signed), trusted)


def test_a_signature_under_the_name_of_another_key_is_refused(own_bundle, keys, trusted):
    sign_bundle(read_bundle(own_bundle), keys["stranger"])
    theirs, mine = (own_bundle / signature_name(keys[who].public.id) for who in ("stranger", "builder"))
    theirs.rename(mine)

    with pytest.raises(BundleUntrusted, match="trusted key 'builder'"):
        require_signature(read_bundle(own_bundle), trusted)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_of_a_signed_bundle_is_refused(signed, name):
    path = signed / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    with pytest.raises((BundleCorrupt, BundleTooNew), match=name.replace(".", r"\.")):
        read_bundle(signed)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_in_a_manifest_sealed_anew_loses_every_signature(signed, tmp_path, trusted, name):
    """What nobody without the key can do: the hashes fit, the id fits, only the signature does not."""
    if name == "bundle.json":
        _, manifest = read_manifest(signed)
        files = {file: (signed / file).read_bytes() for file in manifest.files}
        rule = manifest.decision.model_copy(update={"accept_thresholds": (0.0, 0.0, 0.0)})
        write_bundle(tmp_path / "new", manifest.model_copy(update={"decision": rule}), files)
    else:
        reseal(signed, tmp_path / "new", {name: (signed / name).read_bytes() + b" "})
    shutil.copytree(signed / "signatures", tmp_path / "new" / "signatures")

    forged = read_bundle(tmp_path / "new")

    assert forged.id != read_bundle(signed).id
    with pytest.raises(BundleUntrusted, match="belongs to another bundle"):
        require_signature(forged, trusted)


def test_a_file_swapped_after_the_signature_was_verified_is_not_read(signed, trusted):
    opened = read_bundle(signed)
    require_signature(opened, trusted)
    (signed / "model.onnx").write_bytes(b"another")

    with pytest.raises(BundleCorrupt, match="model.onnx"):
        opened.read("model.onnx")


@pytest.mark.parametrize(
    "name, content, message",
    [
        (f"{ANY_ID}.sig", b"", "has 0 bytes where one has 64"),
        (f"{ANY_ID}.sig", bytes(63), "has 63 bytes"),
        (f"{ANY_ID}.sig", bytes(65), "has 65 bytes"),
        (f"{ANY_ID}.sig", bytes(1 << 20), "has 1,048,576 bytes"),
        ("builder.sig", bytes(64), "named by a key's id"),
        (f"{ANY_ID}.SIG", bytes(64), "named by a key's id"),
        (f"{ANY_ID[:16]}.sig", bytes(64), "named by a key's id"),
        (f"{'A' * 32}.sig", bytes(64), "named by a key's id"),
        (f"{ANY_ID}.sig\n", bytes(64), "named by a key's id"),
        ("run.sh", b"#!/bin/sh", "named by a key's id"),
        (".hidden", bytes(64), "named by a key's id"),
        (f".{ANY_ID}.sig.abcdefgh.partial", bytes(65), "named by a key's id"),
    ],
    ids=[
        "empty",
        "short",
        "long",
        "huge",
        "name",
        "ending",
        "half an id",
        "capitals",
        "newline",
        "program",
        "hidden",
        "partial",
    ],
)
def test_what_is_no_signature_file_is_refused_by_every_reader(signed, trusted, name, content, message):
    opened = read_bundle(signed)
    (signed / "signatures" / name).write_bytes(content)

    with pytest.raises(BundleCorrupt, match=message):
        read_bundle(signed)
    with pytest.raises(BundleCorrupt, match=message):
        require_signature(opened, trusted)


def test_links_and_folders_are_no_signatures(signed, keys, trusted, tmp_path):
    opened = read_bundle(signed)
    path = signed / signature_name(keys["builder"].public.id)
    path.rename(tmp_path / "outside.sig")
    for place in (path, signed / "signatures" / f".{ANY_ID}.sig.abcdefgh.partial"):
        for make in (lambda at: at.symlink_to(tmp_path / "outside.sig"), lambda at: at.mkdir()):
            make(place)

            with pytest.raises(BundleCorrupt, match=r"no plain file"):
                require_signature(opened, trusted)
            with pytest.raises(BundleCorrupt, match=r"no plain file|has a link"):
                read_bundle(signed)

            place.unlink() if place.is_symlink() else place.rmdir()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_in_the_place_of_a_signature_is_not_waited_for(signed, keys, trusted):
    path = signed / signature_name(keys["builder"].public.id)
    path.unlink()
    os.mkfifo(path)

    with pytest.raises(BundleCorrupt, match="no plain file"):
        read_bundle(signed)


def test_the_folder_itself_may_not_be_a_link_or_a_file(signed, trusted, tmp_path):
    opened = read_bundle(signed)
    (signed / "signatures").rename(tmp_path / "elsewhere")
    (signed / "signatures").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(BundleCorrupt, match="link"):
        read_bundle(signed)
    with pytest.raises(BundleCorrupt, match="a link or a file"):
        require_signature(opened, trusted)

    (signed / "signatures").unlink()
    (signed / "signatures").write_bytes(bytes(64))
    with pytest.raises(BundleCorrupt, match="a link or a file"):
        read_bundle(signed)


def test_a_reader_minds_no_signature_that_is_being_written(signed, trusted):
    partial = signed / "signatures" / f".{ANY_ID}.sig.a1_b2c3d.partial"
    partial.write_bytes(bytes(10))

    assert len(require_signature(read_bundle(signed), trusted).signers) == 1


def test_there_is_an_end_to_signatures(signed, keys, trusted):
    for index in range(63):
        (signed / "signatures" / f"{index:032x}.sig").write_bytes(bytes(64))
    assert len(require_signature(read_bundle(signed), trusted).unknown) == 63

    with pytest.raises(InputError, match="64 signatures, and no more"):
        sign_bundle(read_bundle(signed), keys["approver"])

    (signed / "signatures" / f"{63:032x}.sig").write_bytes(bytes(64))
    with pytest.raises(BundleCorrupt, match="65 files"):
        read_bundle(signed)


@pytest.mark.parametrize("name", [f"signatures/{ANY_ID}.sig", "signatures", "signatures/model.onnx"])
def test_a_manifest_lists_no_signature(own_bundle, tmp_path, name):
    _, manifest = read_manifest(own_bundle)
    files = {file: (own_bundle / file).read_bytes() for file in manifest.files} | {name: bytes(64)}
    write_bundle(tmp_path / "new", manifest.model_copy(update={"files": list_files(files)}), files)

    with pytest.raises(BundleCorrupt, match="kept for signatures"):
        read_bundle(tmp_path / "new")


def test_a_signature_that_was_damaged_is_written_again(signed, keys, trusted):
    (signed / signature_name(keys["builder"].public.id)).write_bytes(bytes(64))

    assert sign_bundle(read_bundle(signed), keys["builder"])

    assert require_signature(read_bundle(signed), trusted).signers == (keys["builder"].public,)


def test_the_manifest_says_nothing_of_signatures(signed):
    assert "signatures" not in json.loads((signed / "bundle.json").read_text())["files"]


def test_an_unsigned_bundle_needs_no_key_to_be_read(tmp_path):
    found = check_signatures(read_bundle(make_bundle(tmp_path / "b")), [])

    assert (found.signers, found.unknown) == ((), ())
