"""Starting a server, here or in several processes.

The process above several needs neither models nor HTTP, and imports none of it: that would be memory for nothing.
"""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sightline.extras import require
from sightline.monitoring import open_logs
from sightline.serving.listening import address_of
from sightline.serving.settings import ServerSettings
from sightline.serving.workers import Patience, Post, supervise

Place = tuple[str | None, Path]
"""What a model is to be called, or None for what its bundle says, and where the bundle is."""

Announce = Callable[[str, str | None], None]


def serve(places: Sequence[Place], settings: ServerSettings, announce: Announce) -> None:
    """Verify the bundles, serve them, return after SIGTERM or SIGINT when what was in flight is finished.

    announce is called with the server's address, and that of the control plane or None, once both listen; and with the
    address of gRPC where there is one.

    Raises:
        BundleError: a bundle cannot be trusted, or its golden images give other answers here.
        InputError: there is no bundle, two have one name, a port cannot be had, or it would be open to others.
    """
    if settings.workers == 1:
        _serve_in_this_process(places, settings, announce)
        return
    settings.security.check_host(settings.host)
    each = settings.threads or max(1, (os.cpu_count() or 1) // settings.workers)
    tls = settings.security.tls_cert is not None
    with open_logs(settings.log):
        supervise(
            partial(_serve_at, places, settings.model_copy(update={"threads": each})),
            settings.workers,
            (settings.host, settings.port),
            Patience(settings.drain_timeout_s, settings.worker_timeout_s),
            lambda listener: announce(address_of(listener, tls), None),
        )


def _serve_at(places: Sequence[Place], settings: ServerSettings, post: Post) -> None:
    """Serve as one of several processes."""
    _serve_in_this_process(places, settings, lambda *_: post.say("listening"), post)


def _serve_in_this_process(
    places: Sequence[Place], settings: ServerSettings, announce: Announce, post: Post | None = None
) -> None:
    for package in ("fastapi", "uvicorn"):
        require(package)
    from sightline.serving.run import serve_here

    serve_here(places, settings, announce, post)
