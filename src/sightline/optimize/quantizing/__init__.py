"""Float graph to int8 graph, and where a graph departs from another."""

from sightline.optimize.quantizing.departure import Departures, LayerFit, find_departure
from sightline.optimize.quantizing.figure import Closeness
from sightline.optimize.quantizing.quantize import Quantized, Tool, Trial, quantize_graph
from sightline.optimize.quantizing.sensitivity import Harm
from sightline.optimize.quantizing.simulated import Simulated, simulate

__all__ = [
    "Closeness",
    "Departures",
    "Harm",
    "LayerFit",
    "Quantized",
    "Simulated",
    "Tool",
    "Trial",
    "find_departure",
    "quantize_graph",
    "simulate",
]
