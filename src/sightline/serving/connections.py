"""How uvicorn runs our applications: which connections it has, how many, and for how long."""

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator

import uvicorn

from sightline.serving.door import Door
from sightline.serving.full_line import FullLine
from sightline.serving.protocol import bounded
from sightline.serving.security import Tls
from sightline.serving.settings import ServerSettings

log = logging.getLogger("sightline.serving")

_OTHER_FILES = 256


def configure(
    app: Door,
    settings: ServerSettings,
    tls: Tls | None,
    on_refusal: Callable[[str], None],
    max_connections: int,
    full_line: FullLine | None = None,
) -> uvicorn.Config:
    """How uvicorn is to run an application; see `bounded` for the last three."""
    return uvicorn.Config(
        app,
        http=bounded(
            settings.max_header_bytes, settings.header_timeout_s, on_refusal, max_connections, full_line
        ),
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.drain_timeout_s,
        ssl_context_factory=None if tls is None else lambda _config, _usual: tls.context,
    )


def afford(connections: int) -> int:
    """So many connections, or as many as this process may have beside its files: half of what is open is kept for
    them, 256 at most.

    The system's soft limit of open files is raised as far as needed, or as the hard one allows.
    """
    if sys.platform == "win32":
        return connections
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS has a limit beyond the hard one
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    left = min(connections, soft - min(_OTHER_FILES, soft // 2))
    if left < connections:
        log.warning(
            "%d connections at a time, not %d: this process may have %d files open (ulimit -n)",
            left,
            connections,
            soft,
        )
    return left


class SideServer(uvicorn.Server):
    """A server beside another one, which is the one that signals stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
