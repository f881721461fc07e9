"""What every request comes through: its id, its errors, its count; and the short way for those that carry pictures.

FastAPI reads and checks a request in some 0.7 ms of the event loop, a tenth of what a picture costs altogether. So the
routes of pictures are answered here, and FastAPI, which has the others, only describes them.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sightline.monitoring import CURRENT
from sightline.serving.access import log_request
from sightline.serving.exchange import Exchange, Receive, Scope, Send
from sightline.serving.failures import answer_failure
from sightline.serving.predicting import embed, predict
from sightline.serving.replays import HEADER, Replays
from sightline.serving.service import Service
from sightline.serving.spans import begin_span, end_span

Handler = Callable[[Service, Exchange], Awaitable[None]]

DIRECT: Mapping[tuple[str, str], Handler] = {
    ("POST", "/v1/predict"): predict,
    ("POST", "/v1/embed"): embed,
}


class Door:
    """The ASGI application of a service before that of FastAPI."""

    def __init__(self, service: Service, inner: Callable[..., Any]) -> None:
        self._service, self._inner = service, inner
        self._replays = Replays()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the application's lifespan."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        CURRENT.set(exchange.notes)
        span = begin_span(self._service.tracing, exchange)
        handler = DIRECT.get((scope["method"], scope["path"]))
        try:
            if handler is not None and HEADER in exchange.headers:
                settings = self._service.settings
                await self._replays.answer(
                    exchange,
                    lambda: self._answer(exchange, handler),
                    settings.max_body_bytes,
                    settings.body_timeout_s,
                )
            elif handler is not None:
                await handler(self._service, exchange)
            else:
                scope["state"]["request_id"] = exchange.id
                await self._inner(scope, receive, exchange.send)
        except Exception as err:  # the last place to answer it
            await answer_failure(self._service, exchange, err)
        finally:
            self._finish(exchange, _route(scope, handler), span)

    def _finish(self, exchange: Exchange, route: str, span: Any) -> None:
        service, seconds = self._service, time.monotonic() - exchange.started
        trace = exchange.notes.trace_id
        service.metrics.count_request(route, exchange.status, seconds, exchange.received, trace)
        if span is not None and service.tracing is not None:
            end_span(service.tracing, span, exchange, route)
        if service.settings.log.access:
            log_request(exchange, route, seconds, labels=service.settings.log.labels)

    async def _answer(self, exchange: Exchange, handler: Handler) -> None:
        try:
            await handler(self._service, exchange)
        except Exception as err:  # answered here, so that the answer can be kept
            await answer_failure(self._service, exchange, err)


def _route(scope: Scope, handler: Handler | None) -> str:
    if handler is not None:
        return str(scope["path"])
    return str(getattr(scope.get("route"), "path", "unknown"))
