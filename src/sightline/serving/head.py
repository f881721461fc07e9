"""The head of a request: who asks, under which id, and what the head of its answer says."""

import re
import time
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Final

from sightline.ids import new_id
from sightline.monitoring import RequestNotes

Scope = MutableMapping[str, Any]
Headers = Sequence[tuple[bytes, bytes]]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_TRACE_PARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_ALWAYS: Final[Headers] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    # A page says itself what it loads; any other answer loads nothing, whatever a browser takes it for.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_ENCRYPTED: Final[Headers] = (
    *_ALWAYS,
    (b"strict-transport-security", b"max-age=31536000"),
)


class Head:
    """A request by its ASGI scope.

    id
        That of the header `X-Request-Id` where it is one (up to 128 letters, digits and `._:-`), else a new one.
    client
        Whose turn it is: an address, or the name of the key that the request came with.
    status
        Of the answer, once it has begun; 0 before.
    traceparent
        What the answer's header of this name (W3C Trace Context) says: the request's, or the server's own span.
    received
        Bytes of the body so far.
    notes
        For the log and the trace.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        given = self.headers.get(b"x-request-id", b"")
        self.id = given.decode() if _REQUEST_ID.fullmatch(given) else new_id()
        self.client: str = (scope.get("client") or ("",))[0]
        self.status = self.received = 0
        self.traceparent = trace_parent(self.headers)
        self.notes = RequestNotes(self.id, self.traceparent and self.traceparent.split("-")[1])
        self.started = time.monotonic()

    def fields(self, given: Headers) -> Headers:
        """The headers of an answer: those that are given, the request's id, and what every answer has."""
        names = {name for name, _ in given}
        always = _ENCRYPTED if self.scope.get("scheme") == "https" else _ALWAYS
        extra = [pair for pair in always if pair[0] not in names]
        if self.traceparent is not None:
            extra.append((b"traceparent", self.traceparent.encode()))
        return [*given, (b"x-request-id", self.id.encode()), *extra]


def trace_parent(headers: Mapping[bytes, bytes]) -> str | None:
    """The header `traceparent` (W3C Trace Context); None: it is not there, or none."""
    given = headers.get(b"traceparent")
    found = given and _TRACE_PARENT.fullmatch(given)
    if not found or not found[1].strip(b"0") or not found[2].strip(b"0"):
        return None
    return found[0].decode()
