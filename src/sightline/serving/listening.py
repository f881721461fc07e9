"""Sockets that a server listens on."""

import socket
import sys

from sightline.errors import InputError

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
