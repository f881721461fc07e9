"""The ASGI application of one service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from fastapi import FastAPI

from sightline import __version__
from sightline.errors import SightlineError
from sightline.serving.described import describe_direct
from sightline.serving.docs_page import install_docs
from sightline.serving.door import Door
from sightline.serving.failures import install_failures
from sightline.serving.page import install_page
from sightline.serving.routes import build_routes
from sightline.serving.security import Admission, Guard
from sightline.serving.service import Service


def create_app(
    service: Service, on_failure: Callable[[], None] | None = None, guard: Admission | None = None
) -> Door:
    """Build the application. The service starts in the background, so that `/livez` answers meanwhile.

    on_failure is called if the service does not become ready; `service.failure` then says why. Without a guard it is
    made by the service's settings.
    """
    guard = guard or Guard(service.settings.security, service.metrics.count_denied)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        starting = asyncio.create_task(_start(service, on_failure))
        yield
        starting.cancel()
        await asyncio.to_thread(service.stop)

    names = ", ".join(model.name for model in service.models)
    app = FastAPI(
        title="Sightline",
        version=__version__,
        summary=f"Image classification by {names}",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    install_docs(app)
    install_page(app)
    app.include_router(describe_direct())
    app.include_router(build_routes(service))
    install_failures(app, service)
    return Door(service, guard, app)


async def _start(service: Service, on_failure: Callable[[], None] | None) -> None:
    try:
        await service.start()
    except SightlineError:
        if on_failure is not None:
            on_failure()
