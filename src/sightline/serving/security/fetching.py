"""Getting something by its address: so many bytes at most, no redirects, no proxies, nothing unpacked."""

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from sightline.errors import UrlUnreachable

if TYPE_CHECKING:
    from httpcore2 import URL, AsyncNetworkBackend


async def fetch(
    url: "str | URL",
    *,
    limit: int,
    seconds: float,
    network: "AsyncNetworkBackend | None" = None,
    trust: ssl.SSLContext | None = None,
    count: Callable[[int], None] = lambda _: None,
) -> bytes:
    """GET it and return the body; `network` makes the connections, `trust` says which certificates hold.

    count is called with each number of bytes that arrived, and what it raises ends it.

    Raises:
        UrlUnreachable: no connection, no certificate that holds, another status than 200, more than `limit` bytes,
            or not all of it in time.
    """
    import httpcore2

    headers = [("accept-encoding", "identity"), ("user-agent", "sightline")]
    parts: list[bytes] = []
    received = 0
    try:
        async with (
            asyncio.timeout(seconds),
            httpcore2.AsyncConnectionPool(ssl_context=trust, network_backend=network) as pool,
            pool.stream("GET", url, headers=headers) as response,
        ):
            if response.status != 200:
                raise UrlUnreachable(
                    f"The address answers with status {response.status}; it takes 200. Redirects are not followed."
                )
            async for part in response.aiter_stream():
                received += len(part)
                if received > limit:
                    raise UrlUnreachable(
                        f"What the address gives is larger than the limit of {limit:,} bytes."
                    )
                count(len(part))
                parts.append(part)
    except TimeoutError as err:
        raise UrlUnreachable(f"The address did not give all of it within {seconds:g} s.") from err
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as err:
        raise UrlUnreachable(f"The address cannot be reached: {type(err).__name__}.") from err
    return b"".join(parts)
