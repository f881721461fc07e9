"""Requests for which there is no room: refused by their head, before anything is made of them.

Under three times its load a server refuses twice for each answer, and the time of the event loop that this takes is
missing for answers. The usual way, by uvicorn and the door, says the same in twice the time; it still has whatever
needs a closer look.
"""

from collections.abc import Mapping
from typing import Any, Final

from sightline.errors import NotReady, Overloaded
from sightline.monitoring import CURRENT
from sightline.serving.door import DIRECT, record
from sightline.serving.failures import describe, shape_usual
from sightline.serving.head import Head, Headers
from sightline.serving.replays import HEADER
from sightline.serving.security import Guard
from sightline.serving.service import Service

_ROUTES: Final = {path.encode(): path for _, path in DIRECT}
_CLOSER_LOOK: Final = frozenset({HEADER, b"expect", b"transfer-encoding"})


class Refusal:
    """What a request is answered that is refused for want of room."""

    def __init__(self, service: Service, head: Head, route: str, err: Overloaded) -> None:
        self._service, self._head, self._route, self._err = service, head, route, err

    def answer(self, received: int) -> tuple[Headers, bytes]:
        """Count and log it; return the answer's headers and body. So many bytes of the request's have come."""
        head = self._head
        before = CURRENT.set(head.notes)
        head.status, described, headers = describe(self._service, head.id, self._err)
        head.received = received
        record(self._service, head, self._route)
        CURRENT.reset(before)
        body, _ = shape_usual(described)
        given = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ]
        return head.fields(given), body


class FullLine:
    """Finds requests for which there is no room, by their heads."""

    def __init__(self, service: Service, guard: Guard) -> None:
        self._service, self._guard = service, guard
        self.body_timeout_s = service.settings.body_timeout_s

    def refuse(self, method: bytes, target: bytes, scope: Mapping[str, Any]) -> Refusal | None:
        """The refusal of a request; None: there is room, or something else is to be looked at first."""
        service, route = self._service, _ROUTES.get(target.partition(b"?")[0])
        if method != b"POST" or route is None or service.tracing is not None:
            return None
        try:
            service.require_room()
        except NotReady:
            return None
        except Overloaded as err:
            head = Head({**scope, "method": "POST"})
            caller = (
                None if _CLOSER_LOOK & head.headers.keys() else self._guard.glance(head.headers, "predict")
            )
            if caller is not None:
                head.client = caller.name or head.client
                return Refusal(service, head, route, err)
        return None
