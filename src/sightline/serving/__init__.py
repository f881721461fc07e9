"""Answers over HTTP."""

from typing import TYPE_CHECKING, Any

from sightline.serving.settings import ServerSettings
from sightline.serving.starting import serve

if TYPE_CHECKING:
    from sightline.serving.service import Service as Service

__all__ = ["ServerSettings", "Service", "serve"]


def __getattr__(name: str) -> Any:
    """Import what has models on first use: the process above several workers has none."""
    if name == "Service":
        from sightline.serving.service import Service

        return Service
    raise AttributeError(f"module 'sightline.serving' has no attribute {name!r}")
