"""HTTP/1.1 by uvicorn and httptools, with what they leave open: how large a request's head may be, and how slow."""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sightline.serving.exchange import CONNECTION, PEER
from sightline.serving.full_line import FullLine, Refusal
from sightline.serving.turning_away import TurnedAway

_MOST_DISCARDED = 4 * 1024 * 1024
_MOST_AHEAD = 128
_NO_ROOM = b"HTTP/1.1 429 Too Many Requests\r\n"
_GO_ON = b"HTTP/1.1 100 "
_CODES = {408: "head_timeout", 431: "head_too_large"}
_OF_UPGRADE = (b"connection", b"upgrade", b"http2-settings")


class Protocol(HttpToolsProtocol):
    """A connection whose heads are bounded in bytes and in time, and whose state a request can look at.

    A connection that has sent nothing is bounded like one whose head is incomplete. What cannot be read is refused
    behind the answers to what came before it. A wish for another protocol, as Java's client has it with each first
    request, is passed over: uvicorn would take the request's body for a request of its own. One connection too many
    is turned away, and a request for which `full_line` has no room is refused once its body has come and is forgotten.
    """

    max_header_bytes: ClassVar[int]
    header_timeout_s: ClassVar[float]
    on_refusal: ClassVar[Callable[[str], None]]
    max_connections: ClassVar[int]
    full_line: ClassVar[FullLine | None]
    turned_away: ClassVar[set[TurnedAway]]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes = self._discarded = 0
        self._in_head, self._deaf = True, False
        self._head_timer: asyncio.TimerHandle | None = None
        self._peer: Mapping[str, Any] | None = None
        self._refusal: Refusal | None = None
        self._may_refuse = True
        """Once for each piece that comes: a thousand requests in one would keep the loop from everything else."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head, for so long; or turn the connection away."""
        if len(self.connections) >= self.max_connections:
            type(self).on_refusal("too_many_connections")
            TurnedAway(transport, self.turned_away).answer()
            return
        super().connection_made(transport)
        if (tls := transport.get_extra_info("ssl_object")) is not None:
            self._peer = tls.getpeercert() or None
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer; a refusal that nobody hears is still one."""
        self._stop_timer()
        if self._refusal is not None:
            self._refusal.answer(self._discarded)
            self._refusal = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close the connection as soon as what came has its answer."""
        if self._refusal is not None:
            self._end_refusal(keep=False)
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Parse, and refuse a head that goes on and on."""
        if self._deaf:
            return
        if self._in_head:
            self._head_bytes += len(data)
        self._may_refuse = True
        self._unset_keepalive_if_required()
        self._parse(data)
        # What came in one piece with the end of a head is not counted: then the head has ended.
        if self._in_head and self._head_bytes > self.max_header_bytes:
            self._refuse(431, "The request's head is too long.")
        elif self._head_timer is not None:
            return
        elif self._in_head and self._head_bytes:
            self._await_head()
        elif self._refusal is not None and self.full_line is not None:
            self._head_timer = self.loop.call_later(self.full_line.body_timeout_s, self._end_refusal, False)

    def on_headers_complete(self) -> None:
        """Refuse a head that is too long, else begin with the request."""
        if self.parser.should_upgrade():
            return
        self._stop_timer()
        if (
            sum(len(name) + len(value) for name, value in self.headers) + len(self.url)
            > self.max_header_bytes
        ):
            self._refuse(431, "The request's head is too long.")
        elif len(self.pipeline) >= _MOST_AHEAD:
            self._refuse(429, "Too many requests were sent ahead of their answers.")
        self._in_head, self._discarded = False, 0
        self._unset_keepalive_if_required()  # a refusal in the same piece has set it
        if not self._deaf and not self.transport.is_closing() and not self._is_refused():
            super().on_headers_complete()
            if self.scope["method"] != "HEAD":
                self.cycle.transport = _Joining(self.transport)  # type: ignore[assignment]
            self.scope[CONNECTION] = self.cycle  # type: ignore[typeddict-unknown-key]
            self.scope[PEER] = self._peer  # type: ignore[typeddict-unknown-key]

    def on_body(self, body: bytes) -> None:
        """Keep a piece of a body, or forget it where the answer is known or has been given already."""
        if self._deaf or self.transport.is_closing():
            return
        cycle = self.cycle
        if self._refusal is not None:
            self._discarded += len(body)
            if self._discarded > _MOST_DISCARDED:
                self._end_refusal(keep=False)
        elif getattr(cycle, "unwanted", False) or cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > _MOST_DISCARDED:
                self.transport.close()
        elif cycle.body:
            super().on_body(body)
        else:  # uvicorn would copy the first piece twice, and stop reading until it is fetched
            cycle.body = body  # type: ignore[assignment]
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Go on with what was sent ahead, and read no more while there is some."""
        super().on_response_complete()
        if self.pipeline:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        """Expect another head."""
        if self.parser.should_upgrade():
            return
        self._in_head, self._head_bytes = True, 0
        if self._refusal is not None:
            keep = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
            self._end_refusal(keep=keep)
        elif not self._deaf and not self.transport.is_closing():
            super().on_message_complete()

    def _is_refused(self) -> bool:
        """Whether there is no room for this request, the next to be answered of a client that reads its answers."""
        next_one = self.cycle is None or self.cycle.response_complete
        if self.full_line is not None and next_one and self._may_refuse and not self.flow.write_paused:
            self._refusal = self.full_line.refuse(self.parser.get_method(), self.url, self.scope)
            self._may_refuse = self._refusal is None
        return self._refusal is not None

    def _end_refusal(self, keep: bool) -> None:
        """Say no, and keep the connection or close it."""
        self._stop_timer()
        refusal, self._refusal = self._refusal, None
        if refusal is None or self.transport.is_closing():
            return
        headers, body = refusal.answer(self._discarded)
        pairs = [*self.server_state.default_headers, *headers]
        head = b"".join(b"%b: %b\r\n" % pair for pair in pairs)
        closing = b"" if keep else b"connection: close\r\n"
        self.transport.write(b"%b%b%b\r\n%b" % (_NO_ROOM, head, closing, body))
        if keep:
            self.on_response_complete()
        else:
            self._deaf = True
            self.transport.close()

    def _parse(self, data: bytes) -> None:
        while data and not self._deaf:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as err:
                data = self._without_upgrade() + data[err.args[0] :]
            except httptools.HttpParserError:
                self._refuse(400, "Invalid HTTP request received.")

    def _without_upgrade(self) -> bytes:
        """The head that was read, without the wish for another protocol; to be read by a new parser."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            self._refuse(405, "This server is no proxy.")
        fields = [b"%s: %s" % pair for pair in self.headers if pair[0] not in _OF_UPGRADE]
        if not self.parser.should_keep_alive():
            fields.append(b"connection: close")
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"\r\n".join([b"%s %s HTTP/%s" % (method, self.url, version), *fields, b"", b""])

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(
            self.header_timeout_s, self._refuse, 408, "The request's head did not arrive in time."
        )

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int, why: str) -> None:
        self._stop_timer()
        if self._deaf or self.transport.is_closing():
            return
        self._deaf = True
        cycle = self.cycle
        in_turn = self._in_head or bool(self.pipeline)
        if cycle is None or cycle.response_complete or not (in_turn or cycle.response_started):
            head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nconnection: close\r\n"
            kind = (
                "content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\n"
                f"content-security-policy: default-src 'none'\r\ncontent-length: {len(why)}\r\n\r\n"
            )
            self.transport.write(f"{head}{kind}{why}".encode())
            self.transport.close()
        elif in_turn:  # what came before has its answer, and that is that
            cycle.keep_alive = False
        else:
            self.transport.close()
        type(self).on_refusal(_CODES.get(status, "malformed_request"))


class _Joining:
    """What uvicorn writes an answer with a body to: the head goes out with the body's first piece.

    Alone it would be a system call more, and would wake the client for nothing.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._begun = False

    def write(self, data: bytes) -> None:
        """Keep the head until there is more; what only says to go on is none."""
        if self._begun or data.startswith(_GO_ON):
            self._transport.write(data if self._head is None else self._head + data)
            self._head = None
        else:
            self._head, self._begun = data, True

    def close(self) -> None:
        """Write a head that nothing followed, and close the connection."""
        if self._head is not None:
            self._transport.write(self._head)
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection is closed or about to be."""
        return self._transport.is_closing()


def bounded(
    max_header_bytes: int,
    header_timeout_s: float,
    on_refusal: Callable[[str], None] = lambda _: None,
    max_connections: int = 4096,
    full_line: FullLine | None = None,
) -> type[Protocol]:
    """The class of connections with these bounds; `on_refusal` is told a code for each that is beyond them.

    full_line
        Knows requests for which there is no room; None: the application tells.
    """
    return type(
        "BoundedProtocol",
        (Protocol,),
        {
            "max_header_bytes": max_header_bytes,
            "header_timeout_s": header_timeout_s,
            "on_refusal": staticmethod(on_refusal),
            "max_connections": max_connections,
            "full_line": full_line,
            "turned_away": set(),
        },
    )
