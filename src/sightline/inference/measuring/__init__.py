"""How fast and how large an engine is on this machine."""

from sightline.inference.measuring.footprint import Footprint, measure_footprint
from sightline.inference.measuring.speed import Open, Speed, Throughput, measure_latency, measure_throughput

__all__ = [
    "Footprint",
    "Open",
    "Speed",
    "Throughput",
    "measure_footprint",
    "measure_latency",
    "measure_throughput",
]
