"""One process that serves, until it is told to stop."""

import asyncio
import contextlib
import signal
import sys
import warnings
from collections.abc import AsyncIterator, Sequence
from types import FrameType

import uvicorn
from prometheus_client import disable_created_metrics

from sightline.errors import InputError, SightlineError
from sightline.monitoring import LineWriter, Tracing, open_logs
from sightline.serving.app import create_app
from sightline.serving.connections import SideServer, afford, configure
from sightline.serving.control import Changes, Repository, create_control
from sightline.serving.full_line import FullLine
from sightline.serving.listening import address_of, listen
from sightline.serving.memory import share_heaps
from sightline.serving.merged_metrics import Siblings
from sightline.serving.models import Served, open_model
from sightline.serving.security import AuditLog, Guard, open_tls
from sightline.serving.service import Service
from sightline.serving.settings import ServerSettings
from sightline.serving.spans import traced
from sightline.serving.starting import Announce, Place
from sightline.serving.workers import Post

_SWITCH_S = 0.001
"""How long a thread may keep the others from the interpreter: what they ask it for takes less."""

_CONTROL_CONNECTIONS = 64


def serve_here(
    places: Sequence[Place], settings: ServerSettings, announce: Announce, post: Post | None = None
) -> None:
    """Serve in this process until it is told to stop; at a post, as one of several. Raises what `serve` does."""
    share_heaps()
    sys.setswitchinterval(_SWITCH_S)
    # What a picture says that Pillow wonders about is no news for the log, nor to be remembered.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    with open_logs(settings.log) as lines, traced(settings.traces) as tracing:
        _serve(places, settings, announce, lines, tracing, post)


def _serve(
    places: Sequence[Place],
    settings: ServerSettings,
    announce: Announce,
    lines: LineWriter,
    tracing: Tracing | None,
    post: Post | None,
) -> None:
    # Each counter and histogram would have one more series, of when it was made.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    security = settings.security
    security.check_host(settings.host)
    tls = open_tls(security)
    service = Service(_open(places, settings), settings)
    service.tracing = tracing
    service.metrics.watch_log(lambda: lines.dropped)
    refused = service.metrics.count_refusal
    guard = Guard(security, service.metrics.count_denied)
    repository = Repository(
        {one.name: one.path for one in service.models if one.path}, security.model_repository
    )
    audit = AuditLog(security.audit_log, service.metrics.audit_lost.inc)
    changes = Changes(service, repository, guard, audit, tls)
    app = create_app(
        service,
        on_failure=lambda: setattr(server, "should_exit", True),
        guard=guard,
        on_grpc=lambda port: announce(f"grpc{'s' if tls else ''}://{settings.host}:{port}", None),
        on_ready=lambda: post.say("ready") if post else None,
        tls=tls,
    )
    most = afford(settings.max_connections)
    server = uvicorn.Server(configure(app, settings, tls, refused, most, FullLine(service, guard)))

    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # Ours hold until uvicorn has its own, and again at the end, when it raises the signal that stopped it once
    # more: a finished drain is no failure.
    previous = {sig: signal.signal(sig, stop) for sig in (signal.SIGTERM, signal.SIGINT)}
    with contextlib.ExitStack() as stack:
        stack.callback(audit.close)
        for sig, handler in previous.items():
            stack.callback(signal.signal, sig, handler)
        listener = stack.enter_context(post.listener if post else listen(settings.host, settings.port))
        control = side = None
        if security.control_port is not None:
            options = "--control-host and --control-port"
            control = stack.enter_context(listen(security.control_host, security.control_port, options))
            plane = create_control(service, changes, guard)
            side = SideServer(configure(plane, settings, tls, refused, min(most, _CONTROL_CONNECTIONS)))
        secure = tls is not None
        announce(address_of(listener, secure), None if control is None else address_of(control, secure))

        async def run() -> None:
            async with contextlib.AsyncExitStack() as around:
                await around.enter_async_context(_hang_up_reloads(changes, post))
                if post is not None:
                    await around.enter_async_context(_one_of_several(post, service, server))
                group = await around.enter_async_context(asyncio.TaskGroup())
                if side is not None and control is not None:
                    group.create_task(side.serve(sockets=[control]))
                try:
                    await server.serve(sockets=[listener])
                finally:
                    if side is not None:
                        side.should_exit = True

        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(run())
    if service.failure is not None:
        raise service.failure
    if server.force_exit:
        raise SightlineError("Stopped by a second signal, before everything in flight was answered.")


def _open(places: Sequence[Place], settings: ServerSettings) -> Sequence[Served]:
    models: dict[str, Served] = {}
    for name, path in places:
        model = open_model(path, settings, name)
        if model.name in models:
            raise InputError(
                f"'{models[model.name].path}' and '{path}' are both called '{model.name}'. "
                f"Give one another name: {model.name}-2={path}"
            )
        models[model.name] = model
    return list(models.values())


@contextlib.asynccontextmanager
async def _one_of_several(post: Post, service: Service, server: uvicorn.Server) -> AsyncIterator[None]:
    """Know the other processes, end with the one above, and if the post says so begin only when ready."""
    siblings = service.siblings = Siblings(
        service.metrics, post.folder, post.number, post.count, post.replaced
    )
    watching = post.watch(lambda: setattr(server, "should_exit", True), siblings.note_replaced)
    async with watching, siblings.answering():
        if post.waits:
            await service.start()
            post.say("ready")
        yield


@contextlib.asynccontextmanager
async def _hang_up_reloads(changes: Changes, post: Post | None) -> AsyncIterator[None]:
    """Let SIGHUP reload what changed, where there is such a signal."""
    tasks: set[asyncio.Task[None]] = set()

    async def work() -> None:
        try:
            await changes.reload()
        finally:
            if post is not None:
                post.say("reloaded")

    def reload() -> None:
        task = asyncio.create_task(work())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    hang_up = getattr(signal, "SIGHUP", None)
    loop = asyncio.get_running_loop()
    if hang_up is not None:
        loop.add_signal_handler(hang_up, reload)
    try:
        yield
    finally:
        if hang_up is not None:
            loop.remove_signal_handler(hang_up)
        for task in tasks:
            task.cancel()
