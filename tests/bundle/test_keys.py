import hashlib
import os
import re
import shutil
import stat
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa

from bundles import make_bundle
from sightline.bundle import create_keys, read_public_keys, read_signing_key
from sightline.errors import InputError

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")


def never():
    raise AssertionError("no password is needed")


def test_a_pair_reads_back_and_signs_for_itself(tmp_path):
    made = create_keys(tmp_path / "keys", "builder", "secret")

    (public,) = read_public_keys([tmp_path / "keys" / "builder.pub"])
    signing = read_signing_key(tmp_path / "keys" / "builder.key", lambda: "secret")
    assert public == made == signing.public
    assert public.name == "builder"
    assert public.id == hashlib.sha256(public.raw).hexdigest()[:32]
    assert public.confirms(signing.sign(b"a"), b"a")
    assert not public.confirms(signing.sign(b"a"), b"b")


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_a_private_key_is_for_its_owner_alone_and_encrypted(tmp_path):
    create_keys(tmp_path, "builder", "secret")

    private = tmp_path / "builder.key"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert private.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    with pytest.raises(InputError, match=r"builder\.key' cannot be opened: Incorrect password"):
        read_signing_key(private, lambda: "other")


def test_a_key_without_a_password_asks_for_none(tmp_path):
    made = create_keys(tmp_path, "builder", None)

    assert read_signing_key(tmp_path / "builder.key", never).public == made


@pytest.mark.parametrize("there", ["builder.key", "builder.pub"])
def test_no_key_is_written_over(tmp_path, there):
    (tmp_path / there).write_text("mine")

    with pytest.raises(InputError, match=f"{there}' exists already"):
        create_keys(tmp_path, "builder", None)

    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "-f", "a\n", "x" * 101])
def test_a_name_that_suits_no_file_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="cannot be named"):
        create_keys(tmp_path, name, None)


def test_an_empty_password_and_a_folder_of_a_bundle_are_refused(tmp_path):
    with pytest.raises(InputError, match="password is empty"):
        create_keys(tmp_path, "builder", "")
    with pytest.raises(InputError, match="lies in the bundle"):
        create_keys(make_bundle(tmp_path / "b") / "keys", "builder", None)


def test_a_folder_of_keys_is_read_whole_and_each_key_taken_once(tmp_path):
    made = [create_keys(tmp_path / "keys", name, None) for name in ("approver", "builder")]
    (tmp_path / "keys" / "again.pub").write_bytes((tmp_path / "keys" / "builder.pub").read_bytes())
    (tmp_path / "keys" / "notes.txt").write_text("no key")

    found = read_public_keys([tmp_path / "keys", tmp_path / "keys" / "builder.pub"])

    assert {key.id for key in found} == {key.id for key in made}
    assert len(found) == 2


def pem_of(public):
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


@pytest.mark.parametrize(
    "content, message",
    [
        (lambda: pem_of(rsa.generate_private_key(65537, 2048).public_key()), "of the kind RSA, not Ed25519"),
        (lambda: pem_of(ec.generate_private_key(ec.SECP256R1()).public_key()), "kind EllipticCurve|kind EC"),
        (lambda: pem_of(ed448.Ed448PrivateKey.generate().public_key()), "of the kind Ed448"),
        (lambda: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me", "is no public key in PEM"),
        (
            lambda: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
            "is no public key in PEM",
        ),
        (lambda: "", "is no public key in PEM"),
        (lambda: "a" * 20_000, "more than 16,384 bytes"),
        (lambda: "-----BEGIN PUBLIC KEY-----\n" * 2, "several keys"),
    ],
    ids=["rsa", "ec", "ed448", "ssh", "nonsense", "empty", "large", "several"],
)
def test_what_is_no_ed25519_key_is_not_trusted(tmp_path, content, message):
    (tmp_path / "a.pub").write_text(content())

    with pytest.raises(InputError, match=message) as refused:
        read_public_keys([tmp_path])

    assert "a.pub" in str(refused.value)


@pytest.mark.parametrize("password", [None, "secret"])
def test_a_private_key_is_never_trusted(tmp_path, password):
    create_keys(tmp_path, "builder", password)

    with pytest.raises(InputError, match=r"builder\.key' is a private key"):
        read_public_keys([tmp_path / "builder.key"])


def test_a_place_without_keys_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There is no key '.*absent\.pub'"):
        read_public_keys([tmp_path / "absent.pub"])
    with pytest.raises(InputError, match=r"holds no key: no file in it ends in \.pub"):
        read_public_keys([tmp_path])


def test_only_an_ed25519_private_key_signs(tmp_path):
    create_keys(tmp_path, "builder", None)
    (tmp_path / "rsa.key").write_bytes(
        rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )

    with pytest.raises(InputError, match=r"builder\.pub' is no private key"):
        read_signing_key(tmp_path / "builder.pub", never)
    with pytest.raises(InputError, match=r"rsa\.key' is a key of the kind RSA"):
        read_signing_key(tmp_path / "rsa.key", never)


@needs_openssl
def test_keys_made_by_openssl_are_taken_with_its_stronger_locks_too(tmp_path):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    openssl("genpkey", "-algorithm", "ed25519", "-out", "open.key")
    openssl("pkey", "-in", "open.key", "-pubout", "-out", "a.pub")
    openssl("pkcs8", "-topk8", "-scrypt", "-in", "open.key", "-out", "a.key", "-passout", "pass:secret")

    signing = read_signing_key(tmp_path / "a.key", lambda: "secret")

    assert (signing.public,) == read_public_keys([tmp_path / "a.pub"])


@needs_openssl
def test_openssl_reads_the_private_key_and_derives_the_same_id(tmp_path):
    made = create_keys(tmp_path, "builder", "secret")

    read = subprocess.run(
        ["openssl", "pkey", "-in", "builder.key", "-passin", "pass:secret", "-pubout", "-outform", "DER"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    ).stdout

    assert hashlib.sha256(read[-32:]).hexdigest().startswith(made.id)
    assert re.fullmatch("[0-9a-f]{32}", made.id)
