"""What the running service says about itself."""

from sightline.monitoring.metrics import ServiceMetrics

__all__ = ["ServiceMetrics"]
