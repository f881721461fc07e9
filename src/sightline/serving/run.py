"""Running a server until it is told to stop."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn
from prometheus_client import disable_created_metrics

from sightline.errors import InputError, SightlineError
from sightline.monitoring import LineWriter, Tracing, open_logs
from sightline.serving.app import create_app
from sightline.serving.memory import share_heaps
from sightline.serving.models import open_model
from sightline.serving.protocol import bounded
from sightline.serving.service import Service
from sightline.serving.settings import ServerSettings
from sightline.serving.spans import traced

_BACKLOG = 2048


def serve(bundle: Path, settings: ServerSettings, announce: Callable[[str], None]) -> None:
    """Verify the bundle, serve it, return after SIGTERM or SIGINT when what was in flight is finished.

    announce is called with the server's address once it listens.

    Raises:
        BundleError: the bundle cannot be trusted, or its golden images give other answers here.
        InputError: there is no bundle, or the port cannot be had.
    """
    share_heaps()
    with open_logs(settings.log) as lines, traced(settings.traces) as tracing:
        _serve(bundle, settings, announce, lines, tracing)


def _serve(
    bundle: Path,
    settings: ServerSettings,
    announce: Callable[[str], None],
    lines: LineWriter,
    tracing: Tracing | None,
) -> None:
    # Each counter and histogram would have one more series, of when it was made.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    service = Service([open_model(bundle, settings)], settings)
    service.tracing = tracing
    service.metrics.watch_log(lambda: lines.dropped)
    listener = _listen(settings)
    app = create_app(service, on_failure=lambda: setattr(server, "should_exit", True))
    config = uvicorn.Config(
        app,
        http=bounded(settings.max_header_bytes, settings.header_timeout_s, service.metrics.count_refusal),
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.drain_timeout_s,
    )
    server = uvicorn.Server(config)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # Ours hold until uvicorn has its own, and again at the end, when it raises the signal that stopped it once
    # more: a finished drain is no failure.
    previous = {sig: signal.signal(sig, stop) for sig in (signal.SIGTERM, signal.SIGINT)}
    try:
        announce(f"http://{settings.host}:{listener.getsockname()[1]}")
        server.run(sockets=[listener])
    finally:
        listener.close()
        for sig, handler in previous.items():
            signal.signal(sig, handler)
    if service.failure is not None:
        raise service.failure
    if server.force_exit:
        raise SightlineError("Stopped by a second signal, before everything in flight was answered.")


def _listen(settings: ServerSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)  # at once: two sockets may be bound to one address, but only one listens
    except OSError as err:
        listener.close()
        raise InputError(
            f"The server cannot listen on {settings.host}:{settings.port}: {err.strerror or err}. "
            "Choose another with --host and --port; --port 0 takes a free one."
        ) from err
    return listener
