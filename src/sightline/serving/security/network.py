"""Connections to addresses that were checked. Imported where the first picture is fetched, not before."""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Sequence

from httpcore2 import SOCKET_OPTION, AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream, ConnectError

from sightline.errors import UrlRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class CheckedNetwork(AsyncNetworkBackend):
    """Looks a name up, checks all of its addresses, and connects to one of these, never to the name.

    Raises, when it connects:
        UrlRefused: one of the addresses is not allowed.
    """

    def __init__(
        self, resolve: Callable[[str, int], Awaitable[Sequence[str]]], allowed: Callable[[Address], bool]
    ) -> None:
        self._resolve, self._allowed = resolve, allowed
        self._inner = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of the addresses that answers."""
        try:
            addresses = [
                ipaddress.ip_address(one.partition("%")[0]) for one in await self._resolve(host, port)
            ]
        except OSError as err:
            raise ConnectError(f"'{host}' has no address") from err
        if not all(map(self._allowed, addresses)):
            raise UrlRefused(f"The name '{host}' means an address that this server does not fetch from.")
        failure: Exception = ConnectError(f"'{host}' has no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except ConnectError as err:
                failure = err
        raise failure
