"""What every request comes through: its id, its errors, its count; and the short way for those that carry pictures.

FastAPI reads and checks a request in some 0.7 ms of the event loop, a tenth of what a picture costs altogether. So the
routes of pictures are answered here, and FastAPI, which has the others, only describes them.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sightline.serving.exchange import Exchange, Receive, Send
from sightline.serving.exchange import Scope as AsgiScope
from sightline.serving.failures import answer_failure
from sightline.serving.predicting import embed, predict
from sightline.serving.replays import HEADER, Replays
from sightline.serving.security import Admission, Scope, scope_of
from sightline.serving.service import Service

Handler = Callable[[Service, Exchange], Awaitable[None]]

DIRECT: Mapping[tuple[str, str], Handler] = {
    ("POST", "/v1/predict"): predict,
    ("POST", "/v1/embed"): embed,
}


class Door:
    """The ASGI application of a service before that of FastAPI.

    needs
        The scope that a method and a path take.
    """

    def __init__(
        self,
        service: Service,
        guard: Admission,
        inner: Callable[..., Any],
        direct: Mapping[tuple[str, str], Handler] = DIRECT,
        needs: Callable[[str, str], Scope | None] = scope_of,
    ) -> None:
        self._service, self._guard, self._inner = service, guard, inner
        self._direct, self._needs = direct, needs
        self._replays = Replays()

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the application's lifespan."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        method, path = scope["method"], scope["path"]
        handler = self._direct.get((method, path))
        try:
            caller = await self._guard.admit(exchange, self._needs(method, path))
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
                scope["state"].update(request_id=exchange.id, caller=caller)
                await self._inner(scope, receive, exchange.send)
        except Exception as err:  # the last place to answer it
            await answer_failure(self._service, exchange, err)
        finally:
            self._service.metrics.count_request(_route(scope, handler), exchange.status)

    async def _answer(self, exchange: Exchange, handler: Handler) -> None:
        try:
            await handler(self._service, exchange)
        except Exception as err:  # answered here, so that the answer can be kept
            await answer_failure(self._service, exchange, err)


def _route(scope: AsgiScope, handler: Handler | None) -> str:
    if handler is not None:
        return str(scope["path"])
    return str(getattr(scope.get("route"), "path", "unknown"))
