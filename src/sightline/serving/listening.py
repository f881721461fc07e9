"""Sockets and connections of a server."""

import contextlib
import socket
import sys
from collections.abc import Callable, Iterator

import uvicorn

from sightline.errors import InputError
from sightline.serving.door import Door
from sightline.serving.protocol import bounded
from sightline.serving.security import Tls
from sightline.serving.settings import ServerSettings

_BACKLOG = 2048
_UNREAD_S = 30.0


def listen(
    host: str, port: int, options: str = "--host and --port", unread_s: float = _UNREAD_S
) -> socket.socket:
    """Listen at an address, port 0 for a free one.

    unread_s
        A client that takes nothing of its answer for so long is cut off, where the system can do that: what is held
        for it, the bytes of its request among them, would be held for ever.

    Raises:
        InputError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(unread_s * 1e3))
        listener.bind((host, port))
        listener.listen(_BACKLOG)  # at once: two sockets may be bound to one address, but only one listens
    except OSError as err:
        listener.close()
        raise _refused(host, port, options, err) from err
    return listener


def _refused(host: str, port: int, options: str, err: OSError) -> InputError:
    return InputError(
        f"The server cannot listen on {host}:{port}: {err.strerror or err}. "
        f"Choose another with {options}; port 0 takes a free one."
    )


def listen_for_each(host: str, port: int, count: int) -> list[socket.socket]:
    """A socket at one address for each of several processes, so that the kernel shares connections out.

    What it has given to one stays there, also while a process that has died is followed by another. Only the first
    listens yet. On systems other than Linux all have the same one.

    Raises:
        InputError: the address cannot be had.
    """
    alone = listen(host, port)  # others may not share it: that would be a second server
    if sys.platform != "linux":
        return [alone] * count
    port = alone.getsockname()[1]
    alone.close()
    listeners = []
    try:
        for _ in range(count):
            listener = socket.socket(alone.family, socket.SOCK_STREAM)
            listeners.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind((host, port))
        listeners[0].listen(_BACKLOG)
    except OSError as err:
        for listener in listeners:
            listener.close()
        raise _refused(host, port, "--host and --port", err) from err
    return listeners


def address_of(listener: socket.socket, secure: bool) -> str:
    """The address that a listener is reached by."""
    host, port = listener.getsockname()[:2]
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


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
