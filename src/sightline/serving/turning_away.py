"""Connections beyond the most that a server has at a time: each is told so, and closed."""

import asyncio
from typing import Final

_LINGER_S: Final = 0.5
_MOST_LINGERING: Final = 16

_WHY: Final = b"The server has as many connections as it can: try again in a moment, or reuse one."
_ANSWER: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\n"
    b"content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\n"
    b"content-security-policy: default-src 'none'\r\ncontent-length: %d\r\n\r\n%b" % (len(_WHY), _WHY)
)


class TurnedAway(asyncio.Protocol):
    """A connection that has its answer before it has asked, and is closed.

    Closed with its request unread, it would be reset, and most clients would never see the answer. So up to 16 of them
    are read from until they hang up, half a second at most; further ones are closed as they are.
    """

    def __init__(self, transport: asyncio.Transport, lingering: set["TurnedAway"]) -> None:
        self._transport, self._lingering = transport, lingering

    def answer(self) -> None:
        """Say no, and close the connection now or soon."""
        self._transport.set_protocol(self)
        self._transport.write(_ANSWER)
        if len(self._lingering) >= _MOST_LINGERING or not self._transport.can_write_eof():
            self._transport.close()
            return
        self._lingering.add(self)
        self._transport.write_eof()
        asyncio.get_running_loop().call_later(_LINGER_S, self._transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for another one."""
        self._lingering.discard(self)
