"""Making a pair of Ed25519 keys."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.bundle.keys import PRIVATE_ENDING, PUBLIC_ENDING, PublicKey, password_bytes, public_key
from sightline.bundle.write import bundle_around
from sightline.errors import InputError
from sightline.extras import require

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def create_keys(folder: Path, name: str, password: str | None) -> PublicKey:
    """Write a new pair: `NAME.key` for its owner's eyes alone, and `NAME.pub`.

    password
        Encrypts the private key; None leaves it open.

    Raises:
        InputError: the password is empty, the name does not suit a file, one of the files exists already, or the
            folder lies in a bundle.
        MissingExtra: `cryptography` is not installed.
    """
    require("cryptography")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not _NAME.fullmatch(name):
        raise InputError(f"A key cannot be named '{name}': letters, digits, '.', '_' and '-', 100 at most.")
    if password == "":
        raise InputError("The password is empty. Choose one, or take a key without any with --no-password.")
    if (around := bundle_around(folder)) is not None:
        raise InputError(f"'{folder}' lies in the bundle '{around}'. Keep keys elsewhere: choose with --out.")
    files = [folder / f"{name}{ending}" for ending in (PRIVATE_ENDING, PUBLIC_ENDING)]
    for path in files:
        if path.exists() or path.is_symlink():
            raise InputError(f"'{path}' exists already, and no key is written over. Choose another name.")
    private = Ed25519PrivateKey.generate()
    folder.mkdir(parents=True, exist_ok=True)
    _write_pair(files, private, password)
    return public_key(private.public_key().public_bytes_raw(), name)


def _write_pair(files: list[Path], private: "Ed25519PrivateKey", password: str | None) -> None:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    lock = NoEncryption() if password is None else BestAvailableEncryption(password_bytes(password))
    contents = (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock),
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )
    written: list[Path] = []
    try:
        for path, content, mode in zip(files, contents, (0o600, 0o644), strict=True):
            # Not renamed into place: a rename would replace a key that somebody else has just made.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            written.append(path)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
