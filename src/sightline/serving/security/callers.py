"""Who asks, and what they may."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from sightline.serving.security.buckets import Bucket

Scope = Literal["predict", "read", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

_OPEN: Final = frozenset({"/", "/livez", "/readyz", "/v2/health/live", "/v2/health/ready"})

_PAGE: Final = "/page/"


@dataclass(frozen=True)
class Caller:
    """Whoever a request came from.

    name
        What turns, the log and the audit log go by: a key's name, `jwt:SUBJECT`, or `cert:NAME`.
    scopes
        None implies another: `admin` alone may not predict.
    urgent
        Goes before others.
    bucket
        How fast it may ask; None: as fast as it likes.
    """

    name: str
    scopes: frozenset[Scope]
    urgent: bool = False
    bucket: Bucket | None = None


EVERYONE: Final = Caller("", frozenset(SCOPES))
"""Whoever asks where nobody has to say who they are."""

_SCOPE_OF_METHOD: Mapping[str, Scope] = {"GET": "read", "HEAD": "read", "OPTIONS": "read"}


def scope_of(method: str, path: str) -> Scope | None:
    """What a request to the API takes; None: nothing, as health and the page at `/`, which holds no data.

    Whatever a route is added for, to look takes `read` and to send takes `predict`.
    """
    if path in _OPEN or path.startswith(_PAGE):
        return None
    return _SCOPE_OF_METHOD.get(method, "predict")


def admin_only(method: str, path: str) -> Scope | None:
    """What a request to the control plane takes."""
    return None if path in ("/livez", "/readyz") else "admin"
