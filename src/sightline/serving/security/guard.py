"""Who may do what: asked before anything of a request's body is read."""

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sightline.errors import Forbidden, RateLimited, RequestError, Unauthorized
from sightline.serving.exchange import PEER, Exchange
from sightline.serving.security.buckets import Bucket
from sightline.serving.security.callers import EVERYONE, Caller, Scope
from sightline.serving.security.key_ring import KeyRing
from sightline.serving.security.keys import PREFIX
from sightline.serving.security.settings import SecuritySettings
from sightline.serving.security.tls import Peer, peer_name
from sightline.serving.security.tokens import Tokens

log = logging.getLogger("sightline.serving")

_BEARER = b"bearer "
_KEY = PREFIX.encode()


class Admission(Protocol):
    """Lets requests in, or does not; see `Guard.admit`."""

    async def admit(self, exchange: Exchange, scope: Scope | None) -> Caller:
        """Raise a `RequestError` for one that does not come in."""


class Guard:
    """Tells who asks and whether they may. Belongs to the event loop.

    count
        Is called with the reason of each refusal.

    Raises:
        InputError: a file of keys cannot be used.
        MissingExtra: tokens are to hold, and PyJWT is not installed.
    """

    def __init__(self, settings: SecuritySettings, count: Callable[[str], None] = lambda _: None) -> None:
        self._open = not settings.asks_who
        self._client_scopes = settings.client_scopes
        self._count = count
        self._lines = Bucket(1, 20)
        self.keys = None if settings.api_keys is None else KeyRing(settings.api_keys)
        self.tokens = None if settings.tokens is None else Tokens(settings.tokens)

    async def admit(self, exchange: Exchange, scope: Scope | None) -> Caller:
        """Let a request in, and note on it whose turn it is; None: whoever asks may.

        Raises:
            Unauthorized: it does not say who asks, or says something that does not hold.
            Forbidden: who asks may not.
            RateLimited: who asks does so too often.
        """
        if self._open or scope is None:
            return EVERYONE
        try:
            caller = await self.identify(exchange.headers, exchange.scope.get(PEER))
            exchange.client, exchange.urgent = caller.name, caller.urgent
            _allow(caller, scope)
        except RequestError as err:
            self._note(exchange.id, _address(exchange.scope), err)
            raise
        if caller.bucket is not None:
            exchange.owe = caller.bucket.owe
        return caller

    async def let_in(
        self, headers: Mapping[bytes, bytes], peer: Peer | None, scope: Scope | None, where: str = "gRPC"
    ) -> Caller:
        """As `admit`, for a request that is no exchange: by its headers and its connection's certificate."""
        if self._open or scope is None:
            return EVERYONE
        try:
            caller = await self.identify(headers, peer)
            _allow(caller, scope)
        except RequestError as err:
            self._note("-", where, err)
            raise
        return caller

    async def identify(self, headers: Mapping[bytes, bytes], peer: Peer | None) -> Caller:
        """Who asks: by a key or a token, and where neither is sent by the certificate of the connection.

        Raises:
            Unauthorized: nobody who is known.
        """
        credential, bearer = _credential(headers)
        if credential is not None and bearer and self.tokens is not None and not credential.startswith(_KEY):
            return await self.tokens.find(credential)
        if credential is not None:
            if self.keys is None:
                raise Unauthorized("unknown", "This server takes no API keys.")
            return self.keys.find(credential)
        if headers.get(b"authorization"):
            raise Unauthorized("invalid", "The header Authorization is not of the form: Bearer KEY.")
        name = None if peer is None else peer_name(peer)
        if name is not None:
            return Caller(f"cert:{name}", self._client_scopes)
        raise Unauthorized(
            "missing", "Say who you are: send the header 'Authorization: Bearer KEY' or 'X-API-Key'."
        )

    def glance(self, headers: Mapping[bytes, bytes], scope: Scope) -> Caller | None:
        """Who asks, for what is refused whoever it is: nothing is waited for, noted, or taken from a rate.

        None: it takes `admit` to know, or would be a refusal of another kind.
        """
        if self._open:
            return EVERYONE
        credential, _ = _credential(headers)
        if credential is None or self.keys is None or not credential.startswith(_KEY):
            return None
        try:
            caller = self.keys.find(credential)
        except Unauthorized:
            return None
        return caller if scope in caller.scopes else None

    async def reload(self) -> None:
        """Read keys again, those of tokens, too."""
        if self.keys is not None:
            self.keys.look()
        if self.tokens is not None:
            await self.tokens.keys.read()

    def _note(self, request: str, where: str, err: RequestError) -> None:
        reason = err.reason if isinstance(err, Unauthorized) else err.code
        self._count(reason)
        # Whoever knocks all day shall not fill a disk; the metrics have them all.
        if not isinstance(err, RateLimited) and self._lines.take() == 0:
            log.warning("request %s from %s: %s (%s)", request, where, err.code, reason)


def challenge(err: Unauthorized | Forbidden) -> str:
    """The header `WWW-Authenticate` (RFC 6750) that says what would be let in."""
    if isinstance(err, Forbidden):
        return f'Bearer realm="sightline", error="insufficient_scope", scope="{err.scope}"'
    return 'Bearer realm="sightline"' + ("" if err.reason == "missing" else ', error="invalid_token"')


def _credential(headers: Mapping[bytes, bytes]) -> tuple[bytes | None, bool]:
    """A key or a token; and whether it is a bearer's, as tokens are."""
    credential, authorization = headers.get(b"x-api-key"), headers.get(b"authorization", b"")
    if credential is None and authorization[: len(_BEARER)].lower() == _BEARER:
        return authorization[len(_BEARER) :].strip(), True
    return credential, False


def _allow(caller: Caller, scope: Scope) -> None:
    if scope not in caller.scopes:
        raise Forbidden(scope, f"'{caller.name}' may not: that takes the scope '{scope}'.")
    if caller.bucket is not None:
        _take(caller, caller.bucket)


def _take(caller: Caller, bucket: Bucket) -> None:
    wait_s = bucket.take()
    if wait_s:
        raise RateLimited(
            f"'{caller.name}' may ask {bucket.per_s:g} times a second, {bucket.burst:g} at once.",
            retry_after_s=math.ceil(wait_s),
        )


def _address(scope: Mapping[str, Any]) -> str:
    return str((scope.get("client") or ("?",))[0])
