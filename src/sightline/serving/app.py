"""The ASGI application of one service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import FastAPI, Request, Response

from sightline import __version__
from sightline.errors import SightlineError
from sightline.serving.docs_page import install_docs
from sightline.serving.failures import install_failures, request_id
from sightline.serving.routes import build_routes
from sightline.serving.service import Service


def create_app(service: Service, on_failure: Callable[[], None] | None = None) -> FastAPI:
    """Build the application. The service starts in the background, so that `/livez` answers meanwhile.

    on_failure is called if the service does not become ready; `service.failure` then says why.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        starting = asyncio.create_task(_start(service, on_failure))
        yield
        starting.cancel()
        await asyncio.get_running_loop().run_in_executor(None, service.stop)

    app = FastAPI(
        title="Sightline",
        version=__version__,
        summary=f"Image classification by the bundle '{service.predictor.bundle.manifest.name}'",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    install_docs(app)
    app.include_router(build_routes(service))
    install_failures(app, service)

    @app.middleware("http")
    async def count(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers["X-Request-Id"] = request_id(request)
        route = request.scope.get("route")
        service.metrics.count_request(getattr(route, "path", "unknown"), response.status_code)
        return response

    return app


async def _start(service: Service, on_failure: Callable[[], None] | None) -> None:
    try:
        await service.start()
    except SightlineError:
        if on_failure is not None:
            on_failure()
