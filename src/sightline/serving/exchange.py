"""One request and its answer, as ASGI messages: what every route needs and no more."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from typing import Any, Final

from sightline.errors import BodyTooLarge, MalformedRequest
from sightline.serving.head import Head, Headers, Scope

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CONNECTION: Final = "sightline.connection"
"""Where the scope has the connection's state; see `sightline.serving.protocol`."""
PEER: Final = "sightline.peer"
"""Where it has the client's certificate, as `ssl.SSLSocket.getpeercert` gives it; likewise."""

_LONGEST_TIMEOUT_MS: Final = 3_600_000


class ClientGone(Exception):
    """The client hung up before its request had arrived."""


class Exchange(Head):
    """A request, and the way to answer it.

    urgent
        Whether it goes before others.
    owe
        Takes the number of pictures beyond the first: each is a request by the rate of its key.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope)
        self._receive, self._send = receive, send
        self.urgent = False
        self.owe: Callable[[int], None] = _owe_nothing
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
            message["headers"] = self.fields(message["headers"])
        if self._sent is not None:
            self._sent.append(message)
        await self._send(message)


def _owe_nothing(_pictures: int) -> None:
    """Where nobody counts."""


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The request body is larger than the limit of {limit:,} bytes. Send less at a time.")
