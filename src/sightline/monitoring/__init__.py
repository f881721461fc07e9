"""What the running service says about itself."""

from sightline.monitoring.logs import LineWriter, LogFormat, LogLevel, LogSettings, open_logs
from sightline.monitoring.metrics import ServiceMetrics
from sightline.monitoring.notes import CURRENT, RequestNotes
from sightline.monitoring.tracing import Tracing, open_tracing

__all__ = [
    "CURRENT",
    "LineWriter",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "RequestNotes",
    "ServiceMetrics",
    "Tracing",
    "open_logs",
    "open_tracing",
]
