"""The public keys by which tokens are signed: from a file, or from where the provider publishes them."""

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.errors import InputError, SightlineError, Unauthorized
from sightline.serving.security.fetching import fetch

if TYPE_CHECKING:
    from jwt import PyJWK

log = logging.getLogger("sightline.serving")

_LARGEST = 1024 * 1024
_FETCH_S = 10.0
_FRESH_S = 300.0
_STALE_S = 24 * 3600.0
_AGAIN_S = 30.0


class KeySet:
    """Keys by their id, read again when they are old or when a token names one that is not there.

    That is once in 30 s at most, however many tokens name whatever they like. Where nobody answers, the keys stay for
    a day.
    """

    def __init__(self, source: str, seconds: float = _FETCH_S) -> None:
        self.source = source
        self.generation = 0
        """Another number after each time that the keys were read."""
        self._seconds = seconds
        self._keys: dict[str | None, PyJWK] = {}
        self._read_at = self._tried_at = float("-inf")
        self._reading = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None
        if not self._remote:
            self._take(_read(Path(source)))
        elif not source.startswith(("https://", "http://127.0.0.1:")):
            raise InputError(f"The key set '{source}' is neither a file nor at an https address.")

    @property
    def _remote(self) -> bool:
        return "://" in self.source

    async def find(self, key_id: str | None) -> "PyJWK":
        """The key of this id; without an id the only one.

        Raises:
            Unauthorized: there is none.
        """
        found = self._pick(key_id)
        if found is None:
            await self._refresh()
            found = self._pick(key_id)
        elif self._may_read() and time.monotonic() - self._read_at > _FRESH_S:
            self._refreshing = asyncio.create_task(self._refresh())  # nobody waits for it
        if found is None or time.monotonic() - self._read_at > _STALE_S:
            raise Unauthorized("unknown", "The token is signed with a key that this server does not know.")
        return found

    def _may_read(self) -> bool:
        return time.monotonic() - self._tried_at > _AGAIN_S

    async def _refresh(self) -> None:
        async with self._reading:
            if self._may_read():
                await self.read()

    async def read(self) -> None:
        """Read the keys now; if that fails, those of before stay, and the log says so."""
        self._tried_at = time.monotonic()
        try:
            if self._remote:
                data = await fetch(self.source, limit=_LARGEST, seconds=self._seconds)
            else:
                data = _read(Path(self.source))
            self._take(data)
        except SightlineError as err:
            log.error("the keys of tokens stay as they were: '%s': %s", self.source, err)

    def _pick(self, key_id: str | None) -> "PyJWK | None":
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _take(self, data: bytes) -> None:
        import jwt

        try:
            keys = jwt.PyJWKSet.from_dict(json.loads(data)).keys
        except (ValueError, TypeError, AttributeError, jwt.PyJWTError) as err:
            raise InputError(f"'{self.source}' holds no JSON Web Key Set: {err}.") from err
        self._keys = {key.key_id: key for key in keys if key.public_key_use in (None, "sig")}
        self._read_at = self._tried_at = time.monotonic()
        self.generation += 1


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise InputError(f"The key set '{path}' cannot be read: {err.strerror or err}.") from err
