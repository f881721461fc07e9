"""Sockets and connections of a server."""

import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn

from sightline.errors import InputError
from sightline.serving.door import Door
from sightline.serving.protocol import bounded
from sightline.serving.security import Tls
from sightline.serving.settings import ServerSettings

_BACKLOG = 2048


def listen(host: str, port: int, options: str = "--host and --port") -> socket.socket:
    """Listen at an address, port 0 for a free one.

    Raises:
        InputError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)  # at once: two sockets may be bound to one address, but only one listens
    except OSError as err:
        listener.close()
        raise InputError(
            f"The server cannot listen on {host}:{port}: {err.strerror or err}. "
            f"Choose another with {options}; port 0 takes a free one."
        ) from err
    return listener


def address_of(listener: socket.socket, tls: Tls | None) -> str:
    """The address that a listener is reached by."""
    host, port = listener.getsockname()[:2]
    return f"{'http' if tls is None else 'https'}://{f'[{host}]' if ':' in host else host}:{port}"


def configure(
    app: Door, settings: ServerSettings, tls: Tls | None, on_refusal: Callable[[str], None]
) -> uvicorn.Config:
    """How uvicorn is to run an application; `on_refusal` is told a code for each head that is too long or too late."""
    return uvicorn.Config(
        app,
        http=bounded(settings.max_header_bytes, settings.header_timeout_s, on_refusal),
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.drain_timeout_s,
        ssl_context_factory=None if tls is None else lambda _config, _usual: tls.context,
    )


class SideServer(uvicorn.Server):
    """A server beside another one, which is the one that signals stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
