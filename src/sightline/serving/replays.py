"""`Idempotency-Key`: a request that is sent again, since its answer was lost, gets the answer of the first one.

As the IETF's draft of the header has it: the same key with other content is 422. What is worth trying again, 429 and
5xx, is not kept; nor is what was refused before all of its body had come, since nobody knows what it was.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sightline.errors import BodyTimeout, MalformedRequest, NotReady, ReusedKey
from sightline.serving.exchange import Exchange, Message
from sightline.serving.work import out_of_time

HEADER: Final = b"idempotency-key"
_LONGEST_KEY = 255
_OVERHEAD_BYTES = 4096
_REPLAYED = (b"idempotency-replayed", b"true")


_Name = tuple[str, str, bytes, bytes]


@dataclass
class _Kept:
    """An answer, in the messages that it was sent by, and the digest of the request's body; empty until it is there."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    until: float = 0.0
    digest: bytes = b""
    messages: tuple[Message, ...] = ()
    size: int = 0


class Replays:
    """Answers that may be asked for again: of so many bytes together, for so long. All on the event loop.

    Counted are bodies, headers, paths and queries, for each of which a request decides how long it is.
    """

    def __init__(self, most_bytes: int = 64 * 1024 * 1024, seconds: float = 600.0) -> None:
        self._most_bytes, self._seconds = most_bytes, seconds
        self._kept: OrderedDict[_Name, _Kept] = OrderedDict()
        self._pending: dict[_Name, _Kept] = {}
        self._bytes = 0

    async def answer(
        self,
        exchange: Exchange,
        work: Callable[[], Awaitable[None]],
        limit: int,
        body_timeout_s: float,
        usual_s: float | None = None,
    ) -> None:
        """Answer by doing the work, or with what the first request of this client, path and key got.

        work answers whatever happens. limit: of the body, in bytes. usual_s: how long a request may take that does not
        say so itself.

        Raises:
            MalformedRequest: the key is empty or longer than 255 bytes; the time allowed is none.
            DeadlineExceeded: the time allowed was over before the first request was answered, which goes on.
            ReusedKey: the first request had another body.
            NotReady: the first request failed while this one waited for it.
            BodyTimeout, BodyTooLarge: as without a key.
        """
        key = exchange.headers[HEADER]
        if not 1 <= len(key) <= _LONGEST_KEY:
            raise MalformedRequest(f"Idempotency-Key has {len(key)} bytes: it takes 1 to {_LONGEST_KEY}.")
        scope = exchange.scope
        name = (exchange.client, scope["path"], scope["query_string"], key)
        self._forget_old()
        if kept := self._kept.get(name) or self._pending.get(name):
            deadline = exchange.deadline(usual_s)
            digest = await _digest_of(exchange, limit, body_timeout_s)
            await _wait(kept.done, deadline)
            if not kept.messages:
                raise NotReady("The first request with this Idempotency-Key failed. Send it again.")
            if kept.digest != digest:
                raise ReusedKey("This Idempotency-Key came with another body before. Take a new key for it.")
            await self._replay(exchange, kept)
            return
        self._pending[name] = kept = _Kept()
        try:
            exchange.record()
            await work()
        finally:
            self._keep(name, kept, exchange)

    def _keep(self, name: _Name, kept: _Kept, exchange: Exchange) -> None:
        del self._pending[name]
        messages, kept.digest = exchange.recorded()
        whole = exchange.arrived and bool(messages) and not messages[-1].get("more_body", False)
        if whole and exchange.status < 500 and exchange.status != 429:
            kept.until = time.monotonic() + self._seconds
            kept.messages = messages
            kept.size = _size(name, messages)
            self._bytes += kept.size
            self._kept[name] = kept
        kept.done.set()
        self._forget_old()

    def _forget_old(self) -> None:
        now = time.monotonic()
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if oldest.until > now and self._bytes <= self._most_bytes:
                return
            self._kept.popitem(last=False)
            self._bytes -= oldest.size

    async def _replay(self, exchange: Exchange, kept: _Kept) -> None:
        first, *rest = kept.messages
        headers = [pair for pair in first["headers"] if pair[0] != b"x-request-id"]
        await exchange.send({**first, "headers": [*headers, _REPLAYED]})
        for message in rest:
            await exchange.send(dict(message))


def _size(name: _Name, messages: Sequence[Message]) -> int:
    headers = sum(len(key) + len(value) for one in messages for key, value in one.get("headers", ()))
    bodies = sum(len(one.get("body", b"")) for one in messages)
    return _OVERHEAD_BYTES + sum(map(len, name)) + headers + bodies


async def _wait(done: asyncio.Event, deadline: float) -> None:
    left_s = None if deadline == float("inf") else deadline - time.monotonic()
    try:
        async with asyncio.timeout(left_s):
            await done.wait()
    except TimeoutError as err:
        raise out_of_time() from err


async def _digest_of(exchange: Exchange, limit: int, timeout_s: float) -> bytes:
    digest = hashlib.sha256()
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in exchange.chunks(limit):
                digest.update(chunk)
    except TimeoutError as err:
        raise BodyTimeout(f"The request body did not arrive within {timeout_s:g} s.") from err
    return digest.digest()
