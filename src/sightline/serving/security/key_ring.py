"""The keys of a file as a running server has them: looked up by hash, read again when the file changes."""

import hashlib
import hmac
import logging
import math
import time
from collections.abc import Mapping
from pathlib import Path

from sightline.errors import InputError, Unauthorized
from sightline.serving.security.buckets import Bucket
from sightline.serving.security.callers import Caller
from sightline.serving.security.keys import Key, read_keys

log = logging.getLogger("sightline.serving")

_LOOK_EVERY_S = 1.0
_LONGEST = 200

Stamp = tuple[int, int, int]


class KeyRing:
    """Keys by hash. All methods belong to the event loop.

    A file that is damaged when it is read again leaves the keys as they were, and says so in the log; with a file that
    is gone no key holds.

    Raises:
        InputError: at first the file must be there and whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._look_at = 0.0
        self._stamp: Stamp | None = None
        self._keys: Mapping[bytes, tuple[Key, float, Caller]] = {}
        self._stamp, self._keys = _stamp(path), self._read()

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, token: bytes) -> Caller:
        """Whose key this is.

        Raises:
            Unauthorized: nobody's, or it has expired.
        """
        if time.monotonic() >= self._look_at:
            self.look()
        digest = hashlib.sha256(token).digest() if len(token) <= _LONGEST else b""
        # How long a dictionary looks tells about hashes, which nobody can steer by sending keys.
        found = self._keys.get(digest)
        if found is None or not hmac.compare_digest(found[0].sha256, digest.hex()):
            raise Unauthorized("unknown", "This API key is not known here. It may have been revoked.")
        key, until, caller = found
        if time.time() >= until:
            raise Unauthorized("expired", f"The API key '{key.name}' has expired. Ask for a new one.")
        return caller

    def look(self) -> None:
        """Read the file again if it is another one than last time."""
        self._look_at = time.monotonic() + _LOOK_EVERY_S
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = {} if stamp is None else self._read()
        except InputError as err:
            log.error("the keys stay as they were: %s", err)
            return
        log.info("keys: %d in '%s'", len(self._keys), self._path)

    def _read(self) -> Mapping[bytes, tuple[Key, float, Caller]]:
        known = {key.name: caller for key, _, caller in self._keys.values()}
        return {
            bytes.fromhex(key.sha256): (key, _until(key), _caller(key, known.get(key.name)))
            for key in read_keys(self._path).keys
        }


def _caller(key: Key, before: Caller | None) -> Caller:
    """The caller of a key; what it has used of its rate stays used, if the rate is still the same."""
    bucket = None
    if key.rate_per_s is not None:
        burst = key.burst or max(1, math.ceil(key.rate_per_s))
        kept = None if before is None else before.bucket
        bucket = Bucket(key.rate_per_s, burst)
        if kept is not None and (kept.per_s, kept.burst) == (bucket.per_s, bucket.burst):
            bucket = kept
    return Caller(key.name, frozenset(key.scopes), key.urgent, bucket)


def _until(key: Key) -> float:
    return math.inf if key.expires_at is None else key.expires_at.timestamp()


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
