"""What every request comes through: its id, its errors, its count; and the short way for those that carry pictures.

FastAPI reads and checks a request in some 0.7 ms of the event loop, a tenth of what a picture costs altogether. So the
routes of pictures are answered here, and FastAPI, which has the others, only describes them.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sightline.monitoring import CURRENT
from sightline.serving import v2
from sightline.serving.access import Access, log_access
from sightline.serving.exchange import Exchange, Receive, Send
from sightline.serving.failures import Shape, answer_failure, shape_usual
from sightline.serving.head import Head
from sightline.serving.head import Scope as AsgiScope
from sightline.serving.predicting import embed, predict
from sightline.serving.replays import HEADER, Replays
from sightline.serving.security import Admission, Scope, scope_of
from sightline.serving.service import Service
from sightline.serving.spans import begin_span, end_span

Handler = Callable[[Service, Exchange], Awaitable[None]]
Find = Callable[[str, str], tuple[str, Handler | None]]

DIRECT: Mapping[tuple[str, str], Handler] = {
    ("POST", "/v1/predict"): predict,
    ("POST", "/v1/embed"): embed,
}

_V2 = "/v2"


class Door:
    """The ASGI application of a service before that of FastAPI.

    find
        Who answers a method and a path past FastAPI; None: `find_direct`.
    needs
        The scope that a method and a path take.
    """

    def __init__(
        self,
        service: Service,
        guard: Admission,
        inner: Callable[..., Any],
        find: Find | None = None,
        needs: Callable[[str, str], Scope | None] = scope_of,
    ) -> None:
        self._service, self._guard, self._inner = service, guard, inner
        self._find, self._needs = find or find_direct, needs
        self._replays = Replays()

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the application's lifespan."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        CURRENT.set(exchange.notes)
        span = begin_span(self._service.tracing, exchange)
        method, path = scope["method"], scope["path"]
        route, handler = self._find(method, path)
        shape = v2.shape_failure if handler and route.startswith(_V2) else shape_usual
        try:
            caller = await self._guard.admit(exchange, self._needs(method, path))
            if handler is not None and HEADER in exchange.headers and method == "POST":
                settings = self._service.settings
                await self._replays.answer(
                    exchange,
                    lambda: self._answer(exchange, handler, shape),
                    settings.max_body_bytes,
                    settings.body_timeout_s,
                    settings.request_timeout_s,
                )
            elif handler is not None:
                await handler(self._service, exchange)
            else:
                scope["state"].update(request_id=exchange.id, caller=caller)
                await self._inner(scope, receive, exchange.send)
        except Exception as err:  # the last place to answer it
            await answer_failure(self._service, exchange, err, shape)
        finally:
            if handler is None:
                route = str(getattr(scope.get("route"), "path", "unknown"))
            self._finish(exchange, route, span)

    def _finish(self, exchange: Exchange, route: str, span: Any) -> None:
        if span is not None and self._service.tracing is not None:
            end_span(self._service.tracing, span, exchange, route)
        record(self._service, exchange, route)

    async def _answer(self, exchange: Exchange, handler: Handler, shape: Shape) -> None:
        try:
            await handler(self._service, exchange)
        except Exception as err:  # answered here, so that the answer can be kept
            await answer_failure(self._service, exchange, err, shape)


def record(service: Service, head: Head, route: str) -> None:
    """Count and log a request that has its answer."""
    seconds, notes = time.monotonic() - head.started, head.notes
    service.metrics.count_request(route, head.status, seconds, head.received, notes.trace_id)
    access = Access(head.scope["method"], route, head.status, seconds, head.client, head.received)
    log_access(access, notes, service.settings.log)


def find_direct(method: str, path: str) -> tuple[str, Handler | None]:
    """Who answers here, and what the path is called in metrics; None: FastAPI has it."""
    handler = DIRECT.get((method, path))
    if handler is None and (path == _V2 or path.startswith(f"{_V2}/")):
        return v2.find_route(method, path)
    return path, handler


def find_nothing(_method: str, path: str) -> tuple[str, Handler | None]:
    """Nobody answers here: FastAPI has all."""
    return path, None
