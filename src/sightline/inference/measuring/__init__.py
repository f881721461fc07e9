"""How fast and how large an engine is on this machine."""

from sightline.inference.measuring.cached import (
    VariantSpeeds,
    cache_folder,
    keep_speeds,
    read_speeds,
)
from sightline.inference.measuring.company import BatchSize, batch_size_here, warm
from sightline.inference.measuring.footprint import Footprint, measure_footprint
from sightline.inference.measuring.machine import Machine, cpu_name, package_versions, this_machine
from sightline.inference.measuring.speed import Open, Speed, Throughput, measure_latency, measure_throughput
from sightline.inference.measuring.variants import fastest_here, measure_variants

__all__ = [
    "BatchSize",
    "Footprint",
    "Machine",
    "Open",
    "Speed",
    "Throughput",
    "VariantSpeeds",
    "batch_size_here",
    "cache_folder",
    "cpu_name",
    "fastest_here",
    "keep_speeds",
    "measure_footprint",
    "measure_latency",
    "measure_throughput",
    "measure_variants",
    "package_versions",
    "read_speeds",
    "this_machine",
    "warm",
]
