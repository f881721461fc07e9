"""API keys in a file: their hashes, never the keys.

A key is 256 random bits, so that its SHA-256 can be neither guessed nor looked up in a table: a slow or a salted hash,
which passwords need because people choose them, would only cost every request its time.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError, model_validator

from sightline.errors import InputError
from sightline.records import Frozen
from sightline.serving.security.callers import SCOPES, Scope
from sightline.whole_file import write_whole

PREFIX: Final = "sl_"
"""What scanners for leaked keys can look for."""

_LARGEST_FILE = 16 * 1024 * 1024
_OTHERS_MAY_WRITE = 0o002

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]


class Key(Frozen):
    """A key as it is kept.

    sha256
        Of the key as it is sent, in hexadecimal digits.
    rate_per_s, burst
        So many requests a second in the long run, and so many at once; None: no limit. Of a request with several
        pictures each counts.
    """

    name: Name
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    scopes: tuple[Scope, ...] = Field(min_length=1)
    rate_per_s: float | None = Field(default=None, gt=0)
    burst: int | None = Field(default=None, ge=1)
    urgent: bool = False
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _rate(self) -> Self:
        if self.burst is not None and self.rate_per_s is None:
            raise ValueError("a burst is part of a rate: give rate_per_s, too")
        return self


class KeyFile(Frozen):
    """All keys. Names and hashes are unique."""

    version: Literal[1] = 1
    keys: tuple[Key, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> Self:
        for field in ("name", "sha256"):
            value, times = next(
                iter(Counter(getattr(key, field) for key in self.keys).most_common(1)), ("", 0)
            )
            if times > 1:
                raise ValueError(f"{field} {value!r} is there {times} times")
        return self


def read_keys(path: Path) -> KeyFile:
    """Read a key file.

    Raises:
        InputError: there is none, it is damaged, or anybody on this machine may write to it.
    """
    try:
        status = path.stat()
        data = path.read_bytes() if status.st_size <= _LARGEST_FILE else b""
    except OSError as err:
        raise InputError(
            f"The key file '{path}' cannot be read: {err.strerror or err}. "
            f"Make one with: sightline apikeys add NAME --file {path}"
        ) from err
    if status.st_mode & _OTHERS_MAY_WRITE:
        raise InputError(f"Anybody on this machine may write to the key file '{path}': chmod 600 {path}")
    try:
        return KeyFile.model_validate_json(data)
    except ValidationError as err:
        mistakes = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in err.errors()[:5])
        raise InputError(f"The key file '{path}' is damaged: {mistakes}.") from err


def add_key(
    path: Path,
    name: str,
    scopes: Collection[Scope],
    *,
    rate_per_s: float | None = None,
    burst: int | None = None,
    urgent: bool = False,
    expires_at: datetime | None = None,
) -> str:
    """Add a new key to a file, which is made if need be, and return the key. It is kept nowhere else.

    Raises:
        InputError: the name is taken or no name, or the file cannot be read.
    """
    present = read_keys(path).keys if path.exists() else ()
    if any(key.name == name for key in present):
        raise InputError(f"There is a key '{name}' already. Revoke it first, or choose another name.")
    token = PREFIX + secrets.token_urlsafe(32)
    try:
        key = Key(
            name=name,
            sha256=hashlib.sha256(token.encode()).hexdigest(),
            scopes=tuple(scope for scope in SCOPES if scope in scopes),
            rate_per_s=rate_per_s,
            burst=burst,
            urgent=urgent,
            created_at=datetime.now(UTC).replace(microsecond=0),
            expires_at=expires_at,
        )
    except ValidationError as err:
        first = err.errors()[0]
        raise InputError(
            f"No key can be made with {'.'.join(map(str, first['loc']))} {first['input']!r}: {first['msg']}."
        ) from err
    _write(path, KeyFile(keys=(*present, key)))
    return token


def revoke_key(path: Path, name: str) -> None:
    """Take a key out of a file; servers that read it refuse the key within a second.

    Raises:
        InputError: there is no such key, or the file cannot be read.
    """
    present = read_keys(path).keys
    left = tuple(key for key in present if key.name != name)
    if len(left) == len(present):
        names = ", ".join(f"'{key.name}'" for key in present) or "none"
        raise InputError(f"There is no key '{name}' in '{path}'. There are: {names}.")
    _write(path, KeyFile(keys=left))


def _write(path: Path, keys: KeyFile) -> None:
    write_whole(path, keys.model_dump_json(indent=2).encode() + b"\n", mode=0o600)
