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
from sightline.serving.security import Guard, Tls, open_tls
from sightline.serving.service import Service


def create_app(
    service: Service,
    on_failure: Callable[[], None] | None = None,
    guard: Guard | None = None,
    on_grpc: Callable[[int], None] = lambda _: None,
    on_ready: Callable[[], None] = lambda: None,
    tls: Tls | None = None,
) -> Door:
    """Build the application. Unless it has been, the service is started in the background: `/livez` answers meanwhile.

    on_failure is called if the service does not become ready; `service.failure` then says why. Without a guard it is
    made by the service's settings. on_grpc is called with the port once gRPC is answered, where the settings say so;
    on_ready when the service that was started here answers. tls: what gRPC shows, too; None: by the service's settings.
    """
    guard = guard or Guard(service.settings.security, service.metrics.count_denied)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        starting = asyncio.create_task(_start(service, on_failure, on_ready))
        async with _rpc(service, guard, tls, on_failure, on_grpc):
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
        redirect_slashes=False,
    )
    install_docs(app)
    install_page(app)
    app.include_router(describe_direct())
    app.include_router(build_routes(service))
    install_failures(app, service)
    return Door(service, guard, app)


@contextlib.asynccontextmanager
async def _rpc(
    service: Service,
    guard: Guard,
    tls: Tls | None,
    on_failure: Callable[[], None] | None,
    on_grpc: Callable[[int], None],
) -> AsyncIterator[None]:
    if service.settings.grpc_port is None:
        yield
        return
    from sightline.serving.v2.rpc import start_rpc  # needs the extra [grpc]

    try:
        server, port = await start_rpc(service, guard, tls or open_tls(service.settings.security))
    except SightlineError as err:
        service.failure = err
        if on_failure is not None:
            on_failure()
        yield
        return
    on_grpc(port)
    yield
    await server.stop(service.settings.drain_timeout_s)


async def _start(
    service: Service, on_failure: Callable[[], None] | None, on_ready: Callable[[], None]
) -> None:
    if service.state != "starting":
        return
    try:
        await service.start()
        on_ready()
    except SightlineError:
        if on_failure is not None:
            on_failure()
