"""Ed25519 keys (RFC 8032) in files that other programs read: PKCS#8 and SubjectPublicKeyInfo, as PEM.

A key's id is the first 32 hexadecimal digits of the SHA-256 of its 32 raw bytes: short enough to be read out, and
128 bits are too many for another key with the same id to be found.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.errors import InputError
from sightline.extras import require

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE_ENDING, PUBLIC_ENDING = ".key", ".pub"
_LARGEST_FILE = 16 * 1024
_MOST_KEYS = 100


@dataclass(frozen=True)
class PublicKey:
    """Who is trusted: `raw` has 32 bytes, `name` is that of its file, without the ending."""

    id: str
    name: str
    raw: bytes = field(repr=False)

    def confirms(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature is this key's, of this very message."""
        require("cryptography")
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """A private key, unlocked, and the public one that belongs to it."""

    public: PublicKey
    private: "Ed25519PrivateKey" = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes; the same message always gets the same."""
        return self.private.sign(message)


def public_key(raw: bytes, name: str) -> PublicKey:
    """Give the 32 bytes of a key their id."""
    return PublicKey(hashlib.sha256(raw).hexdigest()[:32], name, raw)


def password_bytes(password: str) -> bytes:
    """As the environment had it, whatever its encoding."""
    return password.encode("utf-8", "surrogateescape")


def read_public_keys(places: Iterable[Path]) -> tuple[PublicKey, ...]:
    """Read keys to be trusted, each from a file, or all `*.pub` of a folder; one that comes twice is taken once.

    Raises:
        InputError: no such place, a folder without keys, a private key, another kind of key, or none at all.
        MissingExtra: `cryptography` is not installed.
    """
    files: list[Path] = []
    for place in places:
        found = sorted(place.glob(f"*{PUBLIC_ENDING}")) if place.is_dir() else [place]
        if not found:
            raise InputError(f"The folder '{place}' holds no key: no file in it ends in {PUBLIC_ENDING}.")
        files += found
    if len(files) > _MOST_KEYS:
        raise InputError(f"{len(files)} keys are to be trusted; at most {_MOST_KEYS} can be.")
    keys: dict[str, PublicKey] = {}
    for file in files:
        key = _read_public(file)
        keys.setdefault(key.id, key)
    return tuple(keys.values())


def read_signing_key(path: Path, ask: Callable[[], str]) -> SigningKey:
    """Read a private key; `ask` is called for its password if it has one.

    Raises:
        InputError: no such file, a public key, another kind of key, or the password is wrong.
        MissingExtra: `cryptography` is not installed.
    """
    require("cryptography")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = _read_pem(path)
    if b"PRIVATE KEY-----" not in pem:
        raise InputError(f"'{path}' is no private key. Give the file NAME{PRIVATE_ENDING}.")
    try:
        try:
            key = load_pem_private_key(pem, None)
        except TypeError:  # it is encrypted
            key = load_pem_private_key(pem, password_bytes(ask()))
    except (ValueError, UnsupportedAlgorithm) as err:
        raise InputError(f"'{path}' cannot be opened: {err}.") from err
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(_of_another_kind(path, key))
    return SigningKey(public_key(key.public_key().public_bytes_raw(), path.stem), key)


def _read_public(path: Path) -> PublicKey:
    require("cryptography")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    pem = _read_pem(path)
    if b"PRIVATE KEY-----" in pem:
        raise InputError(
            f"'{path}' is a private key. It belongs to whoever signs, and nowhere else; give NAME{PUBLIC_ENDING}."
        )
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as err:
        raise InputError(
            f"'{path}' is no public key in PEM (-----BEGIN PUBLIC KEY-----). "
            "Make a pair with `sightline keys create NAME`."
        ) from err
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(_of_another_kind(path, key))
    return public_key(key.public_bytes_raw(), path.stem)


def _read_pem(path: Path) -> bytes:
    if not path.is_file():
        raise InputError(f"There is no key '{path}'. Make a pair with `sightline keys create NAME`.")
    with path.open("rb") as file:
        pem = file.read(_LARGEST_FILE + 1)
    if len(pem) > _LARGEST_FILE:
        raise InputError(f"'{path}' is no key: it has more than {_LARGEST_FILE:,} bytes.")
    if pem.count(b"-----BEGIN ") > 1:
        raise InputError(f"'{path}' holds several keys or certificates. Give one key a file.")
    return pem


def _of_another_kind(path: Path, key: object) -> str:
    kind = re.sub("(Public|Private)Key$", "", type(key).__name__)
    return f"'{path}' is a key of the kind {kind}, not Ed25519. Make one with `sightline keys create NAME`."
