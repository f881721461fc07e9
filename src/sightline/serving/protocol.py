"""HTTP/1.1 by uvicorn and httptools, with what they leave open: how large a request's head may be, and how slow."""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sightline.serving.exchange import CONNECTION, PEER

_MOST_DISCARDED = 4 * 1024 * 1024


class Protocol(HttpToolsProtocol):
    """A connection whose heads are bounded in bytes and in time, and whose state a request can look at.

    A connection that has sent nothing is bounded like one whose head is incomplete.
    """

    max_header_bytes: ClassVar[int]
    header_timeout_s: ClassVar[float]
    on_refusal: ClassVar[Callable[[str], None]]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes = self._discarded = 0
        self._in_head = True
        self._head_timer: asyncio.TimerHandle | None = None
        self._peer: Mapping[str, Any] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head, for so long."""
        super().connection_made(transport)
        if (tls := transport.get_extra_info("ssl_object")) is not None:
            self._peer = tls.getpeercert() or None
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and refuse a head that goes on and on."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # What came in one piece with the end of a head is not counted: then the head has ended.
        if self._in_head and self._head_bytes > self.max_header_bytes:
            self._refuse(431, "The request's head is too long.")
        elif self._in_head and self._head_bytes and self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Refuse a head that is too long, else begin with the request."""
        self._in_head, self._discarded = False, 0
        self._stop_timer()
        if (
            sum(len(name) + len(value) for name, value in self.headers) + len(self.url)
            > self.max_header_bytes
        ):
            self._refuse(431, "The request's head is too long.")
        elif not self.transport.is_closing():
            super().on_headers_complete()
            self.scope[CONNECTION] = self.cycle  # type: ignore[typeddict-unknown-key]
            self.scope[PEER] = self._peer  # type: ignore[typeddict-unknown-key]

    def on_body(self, body: bytes) -> None:
        """Keep a piece of a body, or forget it where the answer has been given already."""
        if self.transport.is_closing():
            return
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > _MOST_DISCARDED:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Expect another head."""
        self._in_head, self._head_bytes = True, 0
        if not self.transport.is_closing():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(400, msg)

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
        if not self.transport.is_closing():
            head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nconnection: close\r\n"
            kind = (
                "content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\n"
                f"content-security-policy: default-src 'none'\r\ncontent-length: {len(why)}\r\n\r\n"
            )
            self.transport.write(f"{head}{kind}{why}".encode())
            self.transport.close()
            type(self).on_refusal("head_too_large" if status == 431 else "head_timeout")


def bounded(
    max_header_bytes: int, header_timeout_s: float, on_refusal: Callable[[str], None] = lambda _: None
) -> type[Protocol]:
    """The class of connections with these bounds; `on_refusal` is told a code for each that is beyond them."""
    return type(
        "BoundedProtocol",
        (Protocol,),
        {
            "max_header_bytes": max_header_bytes,
            "header_timeout_s": header_timeout_s,
            "on_refusal": staticmethod(on_refusal),
        },
    )
