"""Answers over HTTP."""

from sightline.serving.run import serve
from sightline.serving.service import Service
from sightline.serving.settings import ServerSettings

__all__ = ["ServerSettings", "Service", "serve"]
