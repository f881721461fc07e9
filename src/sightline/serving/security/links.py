"""Pictures by their address: from the hosts of a list only, and never from inside a private network.

A name is looked up, its addresses are checked, and the connection goes to one that was checked: whoever owns the name
cannot let it mean a public address while it is checked and `169.254.169.254` when it is connected to.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from urllib.parse import urlsplit

from sightline.errors import InputError, UrlRefused
from sightline.serving.security.fetching import fetch

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
Count = Callable[[int], None]
Origin = tuple[str, str, int]

_HTTPS = 443
_LONGEST = 2048
_AT_ONCE = 32
_PLAIN = re.compile(r"[!-~]+")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
"""Protocol assignments, a cloud's metadata among them, relays, documentation: older Pythons take them for global."""


class Links:
    """Where pictures may be fetched from.

    hosts
        `HOST` or `HOST:PORT` for https at public addresses; `http://127.0.0.1:PORT`, a loopback address with its port,
        for trying it out.
    resolve
        Gives the addresses of a name.

    Raises:
        InputError: one of them is neither.
    """

    def __init__(
        self, hosts: Iterable[str], resolve: Resolve | None = None, trust: ssl.SSLContext | None = None
    ) -> None:
        self._origins = {_origin(host) for host in hosts}
        self._resolve, self._trust = resolve or look_up, trust
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def fetch(self, url: str, limit: int, seconds: float, count: Count = lambda _: None) -> bytes:
        """Fetch a picture; count is called with each number of bytes that arrived.

        Raises:
            UrlRefused: the address is none that is on the list, or its name means an address that is not public.
            UrlUnreachable: it does not answer with so many bytes at most in this time.
        """
        from httpcore2 import URL

        from sightline.serving.security.network import CheckedNetwork

        scheme, host, port = self._check(url)
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        # Put together from what was checked: two readers of one address may understand it differently.
        checked = URL(scheme=scheme.encode(), host=host.encode(), port=port, target=target.encode())
        network = CheckedNetwork(self._resolve, _loopback if scheme == "http" else is_public)
        async with self._at_once:
            return await fetch(
                checked, limit=limit, seconds=seconds, network=network, trust=self._trust, count=count
            )

    def _check(self, url: str) -> Origin:
        if len(url) > _LONGEST or not _PLAIN.fullmatch(url) or "\\" in url:
            raise UrlRefused(
                f"An address has up to {_LONGEST} printable ASCII characters: spell others as %XX."
            )
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as err:
            raise UrlRefused("The address is no URL.") from err
        if "@" in parts.netloc:
            raise UrlRefused("The address has a name or a password in it. Leave them out.")
        host = (parts.hostname or "").rstrip(".")
        origin = (parts.scheme, host, port or (_HTTPS if parts.scheme == "https" else 80))
        if origin not in self._origins:
            raise UrlRefused(
                f"This server fetches no pictures from '{parts.scheme}://{host[:80]}:{origin[2]}'. "
                "Who runs it can allow it with --allow-url-host."
            )
        return origin


def is_public(address: Address) -> bool:
    """Whether an address, or the IPv4 address that an IPv6 address stands for, is one of the internet at large."""
    inner = _inside(address)
    if inner is not None:
        return is_public(inner)
    if any(address.version == network.version and address in network for network in _NOT_PUBLIC):
        return False
    unicast = address.version == 4 or address in _UNICAST
    return unicast and address.is_global and not address.is_multicast and not address.is_reserved


def _loopback(address: Address) -> bool:
    return address.is_loopback


def _inside(address: Address) -> Address | None:
    """The IPv4 address that an IPv6 address stands for: mapped, translated or tunnelled."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def _origin(entry: str) -> Origin:
    scheme, _, rest = entry.rpartition("://")
    try:
        parts = urlsplit(f"//{rest}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.netloc != rest or "@" in rest or scheme not in ("", "https", "http"):
        raise InputError(
            f"'{entry}' is no host. --allow-url-host takes HOST, HOST:PORT or http://127.0.0.1:PORT."
        )
    if scheme == "http":
        try:
            local = port is not None and ipaddress.ip_address(host).is_loopback
        except ValueError:
            local = False
        if not local:
            raise InputError(f"'{entry}' is not encrypted. Only http://127.0.0.1:PORT may be, to try it out.")
    return scheme or "https", host, port or _HTTPS


async def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the system knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
