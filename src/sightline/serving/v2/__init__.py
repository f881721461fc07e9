"""The Open Inference Protocol, version 2, as KServe, Triton and their clients speak it."""

from sightline.serving.v2.answering import shape_failure
from sightline.serving.v2.routes import find_route

__all__ = ["find_route", "shape_failure"]
