"""One request and its answer, as ASGI messages: what every route needs and no more."""

import asyncio
import contextlib
import hashlib
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final

from sightline.errors import BodyTooLarge, MalformedRequest
from sightline.ids import new_id
from sightline.monitoring import RequestNotes

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

CONNECTION: Final = "sightline.connection"
"""Where the scope has the connection's state; see `sightline.serving.protocol`."""
PEER: Final = "sightline.peer"
"""Where it has the client's certificate, as `ssl.SSLSocket.getpeercert` gives it; likewise."""

_LONGEST_TIMEOUT_MS: Final = 3_600_000
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_TRACE_PARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_ALWAYS: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    # A page says itself what it loads; any other answer loads nothing, whatever a browser takes it for.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_ENCRYPTED: Headers = ((b"strict-transport-security", b"max-age=31536000"),)


class ClientGone(Exception):
    """The client hung up before its request had arrived."""


class Exchange:
    """A request with its id, and the way to answer it.

    id
        That of the header `X-Request-Id` where it is one (up to 128 letters, digits and `._:-`), else a new one.
    client
        Whose turn it is: an address, or the name of the key that the request came with.
    urgent
        Whether it goes before others.
    owe
        Takes the number of pictures beyond the first: each is a request by the rate of its key.
    status
        Of the answer, once it has begun; 0 before.
    traceparent
        What the answer's header of this name (W3C Trace Context) says: the request's, or the server's own span.
    received
        Bytes of the body so far.
    notes
        For the log and the trace.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self.headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        given = self.headers.get(b"x-request-id", b"")
        self.id = given.decode() if _REQUEST_ID.fullmatch(given) else new_id()
        self.client: str = (scope.get("client") or ("",))[0]
        self.urgent = False
        self.owe: Callable[[int], None] = _owe_nothing
        self.status = self.received = 0
        self.traceparent = trace_parent(self.headers)
        self.notes = RequestNotes(self.id, self.traceparent and self.traceparent.split("-")[1])
        self.started = time.monotonic()
        self._connection = scope.get(CONNECTION)
        self._more = True
        self._digest: Any = None
        self._sent: list[Message] | None = None

    @property
    def arrived(self) -> bool:
        """Whether all of the body has come."""
        return not self._more

    def gone(self) -> bool:
        """Whether the client has hung up. May be asked from any thread."""
        return self._connection is not None and bool(self._connection.disconnected)

    def deadline(self, usual_s: float | None) -> float:
        """By `time.monotonic`, from the header `X-Request-Timeout-Ms`, else by `usual_s`; infinite without both.

        Raises:
            MalformedRequest: the header is no whole number of milliseconds from 1 to 3,600,000.
        """
        given = self.headers.get(b"x-request-timeout-ms")
        if given is None:
            return self.started + (float("inf") if usual_s is None else usual_s)
        # Python refuses to read numbers of thousands of digits, by a ValueError.
        if not given.isdigit() or len(given) > 10 or not 1 <= int(given) <= _LONGEST_TIMEOUT_MS:
            raise MalformedRequest(
                f"X-Request-Timeout-Ms is {given[:40]!r}: it takes whole milliseconds, 1 to {_LONGEST_TIMEOUT_MS:,}."
            )
        return self.started + int(given) / 1e3

    async def chunks(self, limit: int, count: Callable[[int], None] | None = None) -> AsyncGenerator[bytes]:
        """Give the body as it arrives; `count` is called with the number of bytes of each piece.

        Raises:
            BodyTooLarge: it is, or says that it is, larger than `limit` bytes.
            ClientGone: it ends before it is complete.
        """
        declared = self.headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > limit:
            raise _too_large(limit)
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._more = message.get("more_body", False)
            chunk: bytes = message.get("body", b"")
            self.received += len(chunk)
            if self.received > limit:
                raise _too_large(limit)
            if self._digest is not None:
                self._digest.update(chunk)
            if chunk:
                if count is not None:
                    count(len(chunk))
                yield chunk
            if not self._more:
                return

    async def discard(self, limit: int, timeout_s: float) -> bool:
        """Read what is left of the body and forget it; say whether that was all of it.

        Many clients look for an answer only when they have sent everything. Who asks first, by `Expect: 100-continue`,
        is not asked for what nobody will read.
        """
        if b"expect" in self.headers and not self.received:
            return not self._more
        known = b"content-length" in self.headers and self._digest is None
        if known and self._connection is not None:
            self._connection.unwanted = True  # what comes is not even kept until it is looked at
        declared = self.headers.get(b"content-length", b"0")
        if self._more and declared.isdigit() and int(declared) <= limit:
            with contextlib.suppress(BodyTooLarge, ClientGone, TimeoutError):
                async with asyncio.timeout(timeout_s):
                    async for _ in self.chunks(limit):
                        pass
        return not self._more

    def record(self) -> None:
        """From now on keep what is sent, and a digest of what is received."""
        self._digest, self._sent = hashlib.sha256(), []

    def recorded(self) -> tuple[tuple[Message, ...], bytes]:
        """What was sent, and the SHA-256 of the body."""
        assert self._sent is not None
        return tuple(self._sent), self._digest.digest()

    async def answer(
        self, status: int, body: bytes, content_type: bytes = b"application/json", headers: Headers = ()
    ) -> None:
        """Send the whole answer."""
        length = (b"content-length", str(len(body)).encode())
        await self.send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", content_type), length, *headers],
            }
        )
        await self.send({"type": "http.response.body", "body": body})

    async def send(self, message: Message) -> None:
        """Pass a message of an answer on; its head gets the request's id, and what every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = {name for name, _ in message["headers"]}
            always = (*_ALWAYS, *_ENCRYPTED) if self.scope.get("scheme") == "https" else _ALWAYS
            extra = [(name, value) for name, value in always if name not in given]
            if self.traceparent is not None:
                extra.append((b"traceparent", self.traceparent.encode()))
            message["headers"] = [*message["headers"], (b"x-request-id", self.id.encode()), *extra]
        if self._sent is not None:
            self._sent.append(message)
        await self._send(message)


def _owe_nothing(_pictures: int) -> None:
    """Where nobody counts."""


def trace_parent(headers: Mapping[bytes, bytes]) -> str | None:
    """The header `traceparent` (W3C Trace Context); None: it is not there, or none."""
    given = headers.get(b"traceparent")
    found = given and _TRACE_PARENT.fullmatch(given)
    if not found or not found[1].strip(b"0") or not found[2].strip(b"0"):
        return None
    return found[0].decode()


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The request body is larger than the limit of {limit:,} bytes. Send less at a time.")
