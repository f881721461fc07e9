"""Changing what a running server serves: on a port of its own, or by SIGHUP."""

from sightline.serving.control.changes import Changes
from sightline.serving.control.plane import create_control
from sightline.serving.control.repository import Repository

__all__ = ["Changes", "Repository", "create_control"]
