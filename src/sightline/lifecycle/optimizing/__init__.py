"""Faster variants of a bundle: tried, measured, judged, and kept where they are as good."""

from sightline.lifecycle.optimizing.candidates import Candidate, quantized_candidates
from sightline.lifecycle.optimizing.family import More
from sightline.lifecycle.optimizing.gate import Gate, Limits
from sightline.lifecycle.optimizing.optimize_bundle import Explain, optimize_bundle
from sightline.lifecycle.optimizing.records import Optimized, Row, Wanted

__all__ = [
    "Candidate",
    "Explain",
    "Gate",
    "Limits",
    "More",
    "Optimized",
    "Row",
    "Wanted",
    "optimize_bundle",
    "quantized_candidates",
]
